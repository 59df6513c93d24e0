"""What the checks share: which files are ours, C++ without its comments, how a finding reads."""
import os
import pathlib
import re
import subprocess
import sys

CPP = {".h", ".cc", ".cu"}
NOT_OURS = {".git", "build", ".cache", "__pycache__", "node_modules"}

# One alternative per thing in C++ that is text and not code. A quote between digits is a separator.
_TEXT = re.compile(
    r'R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\[^\n']+|[^'\\\n])'"
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL)


def files(root, suffixes=None):
    """Every file git would commit, sorted; without git (a tarball, a test) every file there is."""
    root = pathlib.Path(root).resolve()
    for path in sorted(_from_git(root) or _from_disk(root)):
        if path.is_file() and not path.is_symlink():
            if suffixes is None or path.suffix in suffixes:
                yield path


def _from_git(root):
    if not (root / ".git").exists():
        return []
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout
    return [root / name for name in listed.split("\0") if name]


def _from_disk(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        yield from (pathlib.Path(folder) / name for name in names)


def read(path):
    """The text of a file, or None when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def code_lines(text):
    """The lines of a C++ file with comments and literals blanked, so that only code is left."""
    return _TEXT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text).split("\n")


class Findings:
    """Collects `path:line: message` lines; the exit status says whether there were any."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.lines = []

    def add(self, path, line, message):
        self.lines.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def finish(self):
        print("\n".join(self.lines), end="\n" if self.lines else "")
        sys.exit(1 if self.lines else 0)
