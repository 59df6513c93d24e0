#!/usr/bin/python3
"""hack/images.sh with a small stand-in for a program, and the Containerfiles as far as text goes.

The stand-in is a copy of /bin/true: it has libraries to close over and takes no time to pack.
"""
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES_SH = ROOT / "hack/images.sh"
PROGRAM = "berth-operator"


class Images(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="berth-images-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        shutil.copy("/bin/true", self.programs / PROGRAM)

    def images(self, *flags):
        return subprocess.run([IMAGES_SH, "--build-dir", self.programs, *flags], text=True,
                              capture_output=True, check=False)

    def build(self, out):
        """Builds into a folder; gives the digest that is printed and the archive."""
        run = self.images("--out", self.folder / out, "--tag", "7.8", "--only", PROGRAM)
        self.assertEqual(run.returncode, 0, run.stderr)
        name, digest = run.stdout.split()[:2]
        self.assertEqual(name, f"localhost/{PROGRAM}:7.8")
        self.assertRegex(digest, "^sha256:[0-9a-f]{64}$")
        return digest, self.folder / out / f"{PROGRAM}.tar"

    def test_same_inputs_give_the_same_bytes_and_others_do_not(self):
        digest, archive = self.build("a")
        again, other_archive = self.build("b")
        self.assertEqual(again, digest)
        self.assertEqual(other_archive.read_bytes(), archive.read_bytes())
        before = archive.stat().st_mtime_ns
        self.build("a")
        self.assertEqual(archive.stat().st_mtime_ns, before, "built again for nothing")
        shutil.copy("/bin/false", self.programs / PROGRAM)
        self.assertNotEqual(self.build("a")[0], digest)

    def test_the_archive_imports_under_tag_and_digest_and_others_read_it(self):
        digest, archive = self.build("a")
        with tarfile.open(archive) as tar:
            index = tar.extractfile("index.json").read().decode()
        self.assertIn(f'"localhost/{PROGRAM}:7.8"', index)
        self.assertIn(f'"localhost/{PROGRAM}@{digest}"', index)
        config = subprocess.run(
            ["skopeo", "inspect", "--config", f"oci-archive:{archive}:localhost/{PROGRAM}:7.8"],
            text=True, capture_output=True, check=True).stdout
        self.assertIn('"User": "65532:65532"', config)
        self.assertIn(f'"/usr/local/bin/{PROGRAM}"', config)

    def test_a_root_holds_the_program_its_libraries_and_no_shell(self):
        root = self.folder / "root"
        run = self.images("--only", PROGRAM, "--root", root)
        self.assertEqual(run.returncode, 0, run.stderr)
        files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        self.assertIn(f"usr/local/bin/{PROGRAM}", files)
        self.assertIn("etc/ssl/certs/ca-certificates.crt", files)
        self.assertTrue(any(name.endswith("/libc.so.6") for name in files))
        self.assertEqual(root.joinpath("tmp").stat().st_mode & 0o7777, 0o1777)
        self.assertFalse([name for name in files if name.endswith("/sh")])
        # The loader of the root finds every library inside it.
        listed = subprocess.run([root / "lib64/ld-linux-x86-64.so.2", "--inhibit-cache", "--list",
                                 root / "usr/local/bin" / PROGRAM],
                                text=True, capture_output=True, check=True).stdout
        self.assertNotIn("not found", listed)

    def test_what_cannot_be_built_is_said_in_one_line(self):
        for flags, want in [(["--only", "berth-proxy"], "there is no image 'berth-proxy'"),
                            (["--only", "kube-scheduler"], "--kube-scheduler FILE"),
                            (["--only", "berth-extender"], "berth-extender is not there"),
                            (["--root", self.folder / "r"], "exactly one --only"),
                            (["--fast"], "no option '--fast'")]:
            run = self.images("--out", self.folder / "out", *flags)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn(want, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


class Containerfiles(unittest.TestCase):
    """Their base images are elsewhere, so this reads them: instructions, shell, files, names."""
    FILES = sorted((ROOT / "images").glob("*.Containerfile"))
    INSTRUCTIONS = {"FROM", "COPY", "RUN", "WORKDIR", "ARG", "ENV", "USER", "ENTRYPOINT"}

    def instructions(self, path):
        text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
        return [tuple(line.split(None, 1)) for line in text.splitlines() if line]

    def test_there_is_one_per_image_and_one_for_cuda(self):
        self.assertEqual({path.name.partition(".")[0] for path in self.FILES},
                         {"extender", "operator", "router", "server", "server-cuda", "trainer",
                          "trainer-cuda"})

    def test_each_says_what_can_be_done(self):
        for path in self.FILES:
            for instruction, value in self.instructions(path):
                where = f"{path.name}: {instruction} {value}"
                self.assertIn(instruction, self.INSTRUCTIONS, where)
                if instruction == "RUN":
                    subprocess.run(["bash", "-n", "-c", value], check=True)
                if instruction == "COPY" and "--from" not in value:
                    self.assertTrue((ROOT / value.split()[0]).exists(), where)
                for groups in re.findall(r"deps\.sh ([a-z ]+?)(?: *&&|$)", value):
                    subprocess.run([ROOT / "hack/deps.sh", "--list", *groups.split()], check=True,
                                   stdout=subprocess.DEVNULL)

    def test_each_ends_on_an_empty_root_as_another_user(self):
        for path in self.FILES:
            instructions = self.instructions(path)
            program = "berth-" + path.name.partition(".")[0].removesuffix("-cuda")
            self.assertIn(("FROM", "scratch"), instructions)
            self.assertIn(("USER", "65532:65532"), instructions)
            self.assertEqual(instructions[-1],
                             ("ENTRYPOINT", f'["/usr/local/bin/{program}"]'))


if __name__ == "__main__":
    unittest.main(verbosity=2)
