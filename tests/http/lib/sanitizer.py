"""Running httpd with a module that was built with --enable-sanitize."""
import functools
import os
import re
import subprocess


@functools.lru_cache(maxsize=None)
def runtime(module):
    """The libraries that must be loaded before httpd's own; empty for an ordinary build."""
    needed = subprocess.run(["readelf", "-d", module], capture_output=True, text=True,
                            check=True).stdout
    shared = re.findall(r"\[(lib(?:asan|ubsan)\.so[.\d]*)\]", needed)
    if shared:
        return [_file("gcc", x) for x in shared]
    symbols = subprocess.run(["nm", "-D", module], capture_output=True, text=True,
                             check=True).stdout
    if "__asan_" in symbols:
        return [_file("clang", "libclang_rt.asan-%s.so" % os.uname().machine)]
    return []


def environment(module, log):
    """Variables for httpd; reports go to files that begin with `log`."""
    libraries = runtime(module)
    if not libraries:
        return {}
    # Leaks are looked for in the unit tests: httpd itself never frees its outermost pools.
    return {"LD_PRELOAD": ":".join(libraries),
            "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:verify_asan_link_order=0:"
                            "log_path=%s" % log,
            "UBSAN_OPTIONS": "print_stacktrace=1:log_path=%s" % log}


def _file(compiler, name):
    path = subprocess.run([compiler, "-print-file-name=" + name], capture_output=True, text=True,
                          check=True).stdout.strip()
    if not os.path.isabs(path):
        raise RuntimeError("%s does not know where %s is" % (compiler, name))
    return path
