# SPDX-License-Identifier: Apache-2.0
#
# The provider's side of DiscourseConnect: tells a site that runs mod_sso, or a Discourse, who is signed
# in here. docs/PROTOCOL.discourse.md describes the messages. These functions are all there is to
# it; docs/samples/hmac_endpoint.rb shows an application around such functions.

require 'openssl'
require 'uri'

module DiscourseEndpoint
  RETURN_HOSTS = ['app.example.org'].freeze # where answers may go, all by https

  module_function

  def sign(key, text)
    OpenSSL::HMAC.hexdigest('SHA256', key, text)
  end

  # Nonce and return address of a request; nil when it is not from the other side.
  def read_request(key, sso, sig, hosts = RETURN_HOSTS)
    return unless /\A[0-9a-f]{64}\z/.match?(sig) && OpenSSL.fixed_length_secure_compare(sign(key, sso), sig)

    payload = URI.decode_www_form(sso.unpack1('m')).to_h
    return if payload.key?('external_id') || payload['nonce'].to_s.empty?

    url = URI.parse(payload['return_sso_url'].to_s)
    return unless url.is_a?(URI::HTTPS) && url.port == 443 && url.userinfo.nil? && hosts.include?(url.host.to_s.downcase)

    [payload['nonce'], payload['return_sso_url']]
  rescue URI::InvalidURIError, ArgumentError
    nil
  end

  # Of a request that was read: end the user's session, and redirect to its return address as it is?
  def wants_logout?(sso)
    URI.decode_www_form(sso.unpack1('m')).to_h['logout'] == 'true'
  end

  # Where to send the browser: back, with a signed description of the user.
  def answer_url(key, nonce, return_url, user)
    sso = [URI.encode_www_form({ 'nonce' => nonce }.merge(user))].pack('m0')
    joint = return_url.include?('?') ? '&' : '?'
    "#{return_url}#{joint}sso=#{URI.encode_www_form_component(sso)}&sig=#{sign(key, sso)}" # of the Base64 text
  end
end
