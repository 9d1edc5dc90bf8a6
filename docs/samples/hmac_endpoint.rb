# SPDX-License-Identifier: Apache-2.0
#
# An Endpoint of the signed-token handshake: tells a site that runs mod_sso who is signed in here.
# docs/PROTOCOL.hmac.md describes the messages. A Rack application without any framework; only
# request_good? and answer_url matter, whatever yours are called.

require 'json'
require 'openssl'
require 'uri'

module SsoEndpoint
  SECRET_FILE = '/etc/mysite/sso.secret'
  CALLBACK = 'https://forum.example.org/.sso/members/callback'
  START = 'https://forum.example.org/.sso/login?provider=members'

  module_function

  # The characters of the secret as they are; the line break at the end of the file is not one.
  def secret
    File.binread(SECRET_FILE).sub(/[\r\n]+\z/, '')
  end

  def sign(key, text)
    OpenSSL::HMAC.hexdigest('SHA256', key, text)
  end

  # Did the other side send this token?
  def request_good?(key, token, sig)
    /\A[0-9a-f]{32}\z/.match?(token) && /\A[0-9a-f]{64}\z/.match?(sig) &&
      OpenSSL.fixed_length_secure_compare(sign(key, token), sig)
  end

  # Where to send the browser: the Callback with a signed description of the user.
  def answer_url(key, callback, token, user)
    data = [JSON.generate({ 'token' => token }.merge(user))].pack('m0')
    "#{callback}?data=#{URI.encode_www_form_component(data)}&sig=#{sign(key, data)}" # of the Base64 text
  end

  # Your own session; nil when nobody is signed in.
  def current_user(_env)
    raise NotImplementedError
  end

  def call(env)
    query = URI.decode_www_form(env['QUERY_STRING'].to_s)
    tokens, sigs = %w[token sig].map { |name| query.select { |key, _| key == name }.map(&:last) }
    unless tokens.size == 1 && sigs.size == 1 && request_good?(secret, tokens[0], sigs[0])
      return [403, { 'content-type' => 'text/plain' }, ["This request did not come from our forum.\n"]]
    end
    user = current_user(env)
    location = if user.nil? # after your login go to START, which comes back here with a fresh token
                 "/login?next=#{URI.encode_www_form_component(START)}"
               else
                 answer_url(secret, CALLBACK, tokens[0],
                            'user_id' => user.id.to_s, # never changes, never reused
                            'email' => user.email,     # validated
                            'name' => user.name, 'roles' => user.roles)
               end
    [302, { 'location' => location, 'cache-control' => 'no-store', 'referrer-policy' => 'no-referrer' }, []]
  end
end
