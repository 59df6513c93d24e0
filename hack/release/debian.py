"""Debian packages of this machine's files, from dpkg's own records."""

import functools
import pathlib
import re
import subprocess

BATCH = 500  # paths of one call of dpkg

# Short names of Debian's machine-readable copyright files, as SPDX names them.
SPDX = {
    "Apache-2.0": "Apache-2.0", "Apache-2": "Apache-2.0", "Artistic": "Artistic-1.0",
    "BSD-2-clause": "BSD-2-Clause", "BSD-3-clause": "BSD-3-Clause", "BSD-4-clause": "BSD-4-Clause",
    "BSL-1.0": "BSL-1.0", "BSL-1": "BSL-1.0", "Boost-1.0": "BSL-1.0", "CC0": "CC0-1.0",
    "CC0-1.0": "CC0-1.0", "Expat": "MIT", "MIT": "MIT", "GPL-1+": "GPL-1.0-or-later",
    "GPL-2": "GPL-2.0-only", "GPL-2+": "GPL-2.0-or-later", "GPL-3": "GPL-3.0-only",
    "GPL-3+": "GPL-3.0-or-later", "LGPL-2": "LGPL-2.0-only", "LGPL-2+": "LGPL-2.0-or-later",
    "LGPL-2.1": "LGPL-2.1-only", "LGPL-2.1+": "LGPL-2.1-or-later", "LGPL-3": "LGPL-3.0-only",
    "LGPL-3+": "LGPL-3.0-or-later", "MPL-2.0": "MPL-2.0", "ISC": "ISC", "Zlib": "Zlib",
    "zlib": "Zlib", "curl": "curl", "OpenSSL": "OpenSSL", "Unlicense": "Unlicense",
    "GFDL-1.3+": "GFDL-1.3-or-later",
}


def _spellings(path):
    """A path as packages may have it: Debian 12 keeps /lib in /usr/lib."""
    yield path
    yield path.removeprefix("/usr") if path.startswith("/usr/lib") else "/usr" + path
    real = str(pathlib.Path(path).resolve())
    yield real
    yield real.removeprefix("/usr") if real.startswith("/usr/lib") else "/usr" + real


def owners(paths):
    """{path: package} of those paths that a package has."""
    spelled = {spelling: path for path in sorted(paths) for spelling in _spellings(path)}
    names, found = sorted(spelled), {}
    for start in range(0, len(names), BATCH):
        done = subprocess.run(["dpkg-query", "--search", *names[start:start + BATCH]],
                              capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            packages, _, path = line.partition(": ")
            if path in spelled and not packages.startswith("diversion "):
                found[spelled[path]] = packages.split(", ")[0].split(":")[0]
    return found


@functools.cache
def fields(package):
    """Version, architecture, source and home page of an installed package."""
    names = ("Version", "Architecture", "source:Package", "source:Version", "Homepage",
             "Maintainer")
    form = "\\n".join("${" + name + "}" for name in names) + "\\n"
    done = subprocess.run(["dpkg-query", "--show", f"--showformat={form}", package],
                          capture_output=True, text=True, check=True)
    return dict(zip(names, done.stdout.split("\n")))


@functools.cache
def licences(package):
    """The names of all licences in its copyright file, as SPDX or as LicenseRef, sorted."""
    path = pathlib.Path("/usr/share/doc", package, "copyright")
    text = path.read_text(errors="replace") if path.is_file() else ""
    if "Format:" not in text[:2000]:
        return ()
    names = {name.strip(" ()") for line in re.findall(r"^License: *(.+)$", text, re.MULTILINE)
             for name in re.split(r",| and | or |/", line) if name.strip(" ()")}
    return tuple(sorted({_spdx(name) for name in names}))


def _spdx(name):
    known = {key.lower(): value for key, value in SPDX.items()}
    base = re.sub(r" with .*$", "", name)
    if base.lower() in known:
        return known[base.lower()]
    return "LicenseRef-Debian-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")
