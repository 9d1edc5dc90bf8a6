# Stands in for the captcha plug-in, which would need ImageMagick's Perl binding.
package NoCaptcha;
use strict;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init          { return 1 }
sub check_captcha { return 1 }
sub init_captcha  { return 1 }
1;
