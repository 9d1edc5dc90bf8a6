"""The Shibboleth SP's daemon, with sessions in memory, and what it and its module read."""
import os
import subprocess
import time

import peer_saml

ENTITY = "urn:bench:shib"
ACS = "/Shibboleth.sso/SAML2/POST"
DAEMON = "/usr/sbin/shibd"
CONF = """<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
  <OutOfProcess logger="{run}/shibd.logger"/>
  <InProcess logger="{run}/native.logger"/>
  <UnixListener address="{run}/shibd.sock"/>
  <StorageService type="Memory" id="mem"/>
  <SessionCache type="StorageService" StorageService="mem" cacheAllowance="900" inprocTimeout="900"/>
  <ReplayCache StorageService="mem"/>
  <ArtifactMap artifactTTL="180"/>
  <RequestMapper type="Native"><RequestMap/></RequestMapper>
  <ApplicationDefaults entityID="{entity}" REMOTE_USER="uid" signing="false" encryption="false">
    <Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" consistentAddress="true"
              handlerSSL="false" cookieProps="; path=/; HttpOnly" redirectLimit="none">
      <SessionInitiator type="SAML2" Location="/Login" isDefault="true" id="Login" entityID="{idp}"
                        outgoingBindings="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/>
      <md:AssertionConsumerService xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" Location="/SAML2/POST" index="1"
                                   Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
    </Sessions>
    <MetadataProvider type="XML" path="{run}/idp-metadata.xml"/>
    <AttributeExtractor type="XML" path="{run}/attribute-map.xml"/>
    <AttributeFilter type="XML" path="/etc/shibboleth/attribute-policy.xml"/>
    <CredentialResolver type="File" key="{run}/sp.key" certificate="{run}/sp.crt"/>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" path="/etc/shibboleth/security-policy.xml"/>
  <ProtocolProvider type="XML" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>
"""
LOGGER = """log4j.rootCategory=WARN, f
log4j.appender.f=org.apache.log4j.FileAppender
log4j.appender.f.fileName=%s
log4j.appender.f.layout=org.apache.log4j.PatternLayout
log4j.appender.f.layout.ConversionPattern=%%d %%p %%c %%m%%n
"""
MAP = '<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map">%s</Attributes>\n'
NAMES = ("uid", "displayName", "affiliation")


def equip(run, url):
    """The files; the identity provider that the service provider knows."""
    idp = peer_saml.Idp(run, ENTITY, url + ACS)
    (run / "shibboleth2.xml").write_text(CONF.format(run=run, entity=ENTITY, idp=peer_saml.ISSUER))
    (run / "attribute-map.xml").write_text(MAP % "".join(
        '<Attribute name="%s" id="%s"/>' % pair for pair in zip(peer_saml.ATTRIBUTES, NAMES)))
    for name in ("shibd", "native"):
        log = run / (name + ".log")
        log.touch()
        log.chmod(0o666)
        (run / (name + ".logger")).write_text(LOGGER % log)
    return idp


def start(run):
    """The daemon, ready for the module."""
    daemon = subprocess.Popen([DAEMON, "-F", "-f", "-c", str(run / "shibboleth2.xml"), "-p", str(run / "shibd.pid")],
                              stdin=subprocess.DEVNULL, stdout=open(run / "shibd.out", "ab"), stderr=subprocess.STDOUT)
    until = time.monotonic() + 30
    while not (run / "shibd.sock").exists():
        if time.monotonic() > until or daemon.poll() is not None:
            raise RuntimeError((run / "shibd.out").read_text() + (run / "shibd.log").read_text())
        time.sleep(0.05)
    os.chmod(run / "shibd.sock", 0o777)
    return daemon
