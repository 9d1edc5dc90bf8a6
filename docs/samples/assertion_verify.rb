# frozen_string_literal: true

# SPDX-License-Identifier: Apache-2.0
#
# Who is asking? A backend behind mod_sso verifies the header X-SSO-Assertion (SSOAssertion on). No
# gems.
#
#     keys = JSON.parse(Net::HTTP.get(URI(ISSUER + '/.sso/jwks.json')))['keys']  # keep for 5 minutes,
#                                             # and fetch again when a kid is not among them
#     claims = SsoAssertion.verify(request.get_header('HTTP_X_SSO_ASSERTION'), keys, ISSUER, AUDIENCE)
#
# nil: nobody is signed in. SsoAssertion::Refused: somebody came around the gateway; answer 403.
require 'base64'
require 'json'
require 'openssl'

module SsoAssertion
  LEEWAY = 5 # seconds that two clocks may differ
  POINT = ['3059301306072a8648ce3d020106082a8648ce3d03010703420004'].pack('H*').freeze # P-256 in DER
  EDWARDS = ['302a300506032b6570032100'].pack('H*').freeze # Ed25519 in DER

  class Refused < StandardError; end

  module_function

  def unb64(text)
    Base64.urlsafe_decode64(text)
  rescue ArgumentError
    raise Refused, 'not base64url'
  end

  # r and s as DER has them.
  def to_der(signature)
    numbers = signature.unpack('a32a32').map { |n| OpenSSL::ASN1::Integer(OpenSSL::BN.new(n, 2)) }
    OpenSSL::ASN1::Sequence(numbers).to_der
  end

  def signature_good?(alg, jwk, data, signature)
    return false unless signature.bytesize == 64

    case alg
    when 'ES256'
      key = OpenSSL::PKey.read(POINT + unb64(jwk['x']) + unb64(jwk['y']))
      key.verify('SHA256', to_der(signature), data)
    when 'EdDSA'
      OpenSSL::PKey.read(EDWARDS + unb64(jwk['x'])).verify(nil, signature, data)
    else
      false
    end
  end

  # keys: the array of the key set; issuer: the address of the gateway's site, as browsers see it;
  # audience: what aud= says in the SSOAssertion line, without it the same address.
  def verify(token, keys, issuer, audience)
    return nil if token.nil? || token.empty?

    head, body, signature, more = token.split('.', -1)
    raise Refused, 'not an assertion' if more || !signature

    alg, kid, typ = JSON.parse(unb64(head)).values_at('alg', 'kid', 'typ')
    jwk = keys.find { |key| key['kid'] == kid && key['alg'] == alg }
    unless typ == 'sso+jwt' && jwk && signature_good?(alg, jwk, "#{head}.#{body}", unb64(signature))
      raise Refused, 'not signed by the gateway'
    end

    check(JSON.parse(unb64(body)), issuer, audience)
  rescue JSON::JSONError, OpenSSL::OpenSSLError, EncodingError, NoMethodError, TypeError, ArgumentError => e
    raise Refused, "not an assertion: #{e.message}"
  end

  def check(claims, issuer, audience)
    now = Time.now.to_f
    raise Refused, 'for somebody else' unless claims['iss'] == issuer && claims['aud'] == audience
    raise Refused, 'not of now' unless claims['exp'] > now - LEEWAY && claims['iat'] < now + LEEWAY

    claims
  end
end
