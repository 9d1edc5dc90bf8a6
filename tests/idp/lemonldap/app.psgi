# LemonLDAP::NG's portal alone, below starman.
use Plack::Builder;
use Lemonldap::NG::Portal::Main;
my $portal = Lemonldap::NG::Portal::Main->run(
    { configStorage => { confFile => "$ENV{RUN}/lemonldap-ng.ini" } });
builder {
    enable 'Static', path => qr{^/static/}, root => '/usr/share/lemonldap-ng/portal/htdocs';
    $portal;
};
