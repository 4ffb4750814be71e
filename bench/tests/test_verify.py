import os

from harness import data, verify
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
