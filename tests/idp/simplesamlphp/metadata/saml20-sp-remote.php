<?php
// Every *.xml in RUN/sp is a service provider's metadata, read by SimpleSAMLphp's own parser; a
// *.json beside it holds further options.
foreach (glob(getenv('RUN') . '/sp/*.xml') as $file) {
    $parsed = \SimpleSAML\Metadata\SAMLParser::parseFile($file)->getMetadata20SP();
    $json = preg_replace('/xml$/', 'json', $file);
    $more = is_file($json) ? json_decode(file_get_contents($json), true) : [];
    $metadata[$parsed['entityid']] = $more + $parsed;
}
