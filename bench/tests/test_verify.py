import os
import subprocess

from harness import data, trees, verify
from harness.verify import WrongCopy
from tests.support import ScratchTest

_BLOCK = 4096


class SameContent(ScratchTest):
    def _check_wrong(self, one, other):
        with self.assertRaises(WrongCopy):
            verify.same_content(self.file("one", one), self.file("other", other))

    def test_equal(self):
        content = bytes(data.chunk(0, 3 * _BLOCK)) + b"tail"
        verify.same_content(self.file("one", content), self.file("other", content))

    def test_empty(self):
        verify.same_content(self.file("one", b""), self.file("other", b""))

    def test_one_bit(self):
        content = data.chunk(0, 4 << 20) + data.chunk(4 << 20, 1 << 20)
        wrong = bytearray(content)
        wrong[-1] ^= 1
        self._check_wrong(content, wrong)

    def test_shorter_and_longer(self):
        self._check_wrong(b"abc", b"ab")
        self._check_wrong(b"abc", b"abc\0")

    def test_hole_where_data_was(self):
        one = self.file("one", bytes(data.chunk(0, 16 * _BLOCK)))
        with open(self.path("other"), "wb") as file:
            file.truncate(16 * _BLOCK)
        with self.assertRaises(WrongCopy):
            verify.same_content(one, self.path("other"))

    def test_data_where_a_hole_was(self):
        with open(self.path("one"), "wb") as file:
            file.truncate(1 << 30)
        with open(self.path("other"), "wb") as file:
            file.truncate(1 << 30)
            file.seek(1 << 29)
            file.write(b"x")
        with self.assertRaises(WrongCopy):
            verify.same_content(self.path("one"), self.path("other"))

    def test_hole_equals_zeros(self):
        with open(self.path("one"), "wb") as file:
            file.truncate(16 * _BLOCK)
        verify.same_content(self.path("one"), self.file("other", bytes(16 * _BLOCK)))


class SameTrees(ScratchTest):
    def setUp(self):
        super().setUp()
        trees.write(self.path("one"), 2, 6, 100)
        os.symlink("file-0000000", self.path("one/directory-0000/link"))
        os.mkdir(self.path("one/empty"))
        subprocess.run(["cp", "-a", self.path("one"), self.path("other")], check=True)

    def _check_wrong(self, pattern):
        with self.assertRaisesRegex(WrongCopy, pattern):
            verify.same_trees(self.path("one"), self.path("other"))

    def _keep_time(self, path, change):
        about = os.lstat(self.path(path))
        change(self.path(path))
        os.utime(self.path(path), ns=(about.st_atime_ns, about.st_mtime_ns), follow_symlinks=False)

    def test_equal(self):
        verify.same_trees(self.path("one"), self.path("other"))

    def test_missing_and_too_much(self):
        os.rmdir(self.path("other/empty"))
        self._check_wrong("^empty is missing")
        os.rmdir(self.path("one/empty"))
        self.file("other/more", b"")
        self._check_wrong("^more is not in the source")

    def test_other_contents(self):
        def change(path):
            with open(path, "r+b") as file:
                file.write(b"wrong")
        self._keep_time("other/directory-0001/file-0000003", change)
        self._check_wrong("different bytes")

    def test_other_mode_time_and_link(self):
        os.chmod(self.path("other/empty"), 0o700)
        self._check_wrong("^empty has another")
        os.chmod(self.path("other/empty"), os.stat(self.path("one/empty")).st_mode & 0o777)
        os.utime(self.path("other/empty"), (0, 0))
        self._check_wrong("^empty has another")

    def test_link_to_something_else(self):
        about = os.lstat(self.path("one/directory-0000/link"))
        directory = os.lstat(self.path("one/directory-0000"))
        os.unlink(self.path("other/directory-0000/link"))
        os.symlink("file-0000002", self.path("other/directory-0000/link"))
        for path, times in (("link", about), ("", directory)):
            os.utime(self.path("other/directory-0000/" + path), follow_symlinks=False,
                     ns=(times.st_atime_ns, times.st_mtime_ns))
        self._check_wrong("is a link to something else")

    def test_some_contents_are_enough_where_asked(self):
        everything = [path for path, _ in sorted(verify._walk(self.path("one")).items())]
        looked_at = everything.index("directory-0000/file-0000000")
        self.assertEqual(looked_at, 1)

        def change(path):
            with open(path, "r+b") as file:
                file.write(b"wrong")
        self._keep_time("other/directory-0000/file-0000000", change)
        verify.same_trees(self.path("one"), self.path("other"), every=2)
        self._check_wrong("different bytes")


class Trees(ScratchTest):
    def test_files_are_spread_and_differ(self):
        self.assertEqual(trees.write(self.path("tree"), 3, 7, 50), 350)
        found = sorted(path for path in verify._walk(self.path("tree")) if "/" in path)
        self.assertEqual(len(found), 7)
        contents = set()
        for path in found:
            with open(os.path.join(self.path("tree"), path), "rb") as file:
                contents.add(file.read())
        self.assertEqual({len(content) for content in contents}, {50})
        self.assertEqual(len(contents), 7)
        self.assertEqual(trees.first_files(self.path("tree"), 4), found[:4])
        trees.remove(self.path("tree"))
        trees.remove(self.path("tree"))
        self.assertFalse(os.path.exists(self.path("tree")))

    def test_part_of_the_system(self):
        files, size = trees.take_system(self.path("tree"), 1 << 20)
        self.assertGreaterEqual(size, 1 << 20)
        self.assertGreater(files, 1)
        names = sorted(os.listdir(self.path("tree")))
        self.assertEqual(names, sorted(os.listdir(trees.SYSTEM))[:len(names)])


class SameRanges(ScratchTest):
    def setUp(self):
        super().setUp()
        self.source = self.file("source", bytes(data.chunk(0, 16 * _BLOCK)))
        self.ranges = [(8 * _BLOCK, 2 * _BLOCK, _BLOCK), (_BLOCK, 5 * _BLOCK, _BLOCK)]

    def _copy(self, ranges):
        out = os.open(self.path("copy"), os.O_WRONLY | os.O_CREAT)
        with open(self.source, "rb") as source:
            for at, to, length in ranges:
                os.pwrite(out, os.pread(source.fileno(), length, at), to)
        os.close(out)
        return self.path("copy")

    def _check_wrong(self, ranges):
        with self.assertRaises(WrongCopy):
            verify.same_ranges(self.source, self._copy(ranges), self.ranges)

    def test_right(self):
        verify.same_ranges(self.source, self._copy(self.ranges), self.ranges)

    def test_block_from_the_wrong_place(self):
        self._check_wrong([(9 * _BLOCK, 2 * _BLOCK, _BLOCK), self.ranges[1]])

    def test_range_left_out(self):
        self._check_wrong(self.ranges[1:])

    def test_more_than_was_asked_for(self):
        self._check_wrong(self.ranges + [(0, 3 * _BLOCK, _BLOCK)])

    def test_longer_file(self):
        self._check_wrong(self.ranges + [(0, 6 * _BLOCK, _BLOCK)])
