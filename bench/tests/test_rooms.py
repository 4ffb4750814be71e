import os
import subprocess
import tempfile
import unittest
import unittest.mock

from harness import data, kernel, rooms, verify
from harness.rooms import NotPossible


def leftovers():
    """What this process's rooms would leave: directories and images of loop devices."""
    prefix = rooms.prefix()
    images = subprocess.run(["losetup", "--list", "--noheadings", "--output=BACK-FILE"],
                            capture_output=True, text=True, check=True).stdout
    return [name for name in os.listdir(rooms.MEMORY) if name.startswith(prefix)] + [
        line for line in images.splitlines() if prefix in line]


class InMemory(unittest.TestCase):
    def _check_room(self, kind):
        with rooms.in_memory(kind, rooms.SMALLEST) as room:
            data.write(room / "file", 1 << 20)
            mounted = subprocess.run(["findmnt", "-no", "FSTYPE", room.path], capture_output=True,
                                     text=True).stdout.strip()
            self.assertEqual(mounted, kind)
            self.assertIn(kind, room.description)
        self.assertEqual(leftovers(), [])

    def test_ext4(self):
        self._check_room("ext4")

    def test_xfs(self):
        self._check_room("xfs")

    def test_btrfs(self):
        self._check_room("btrfs")

    def test_nothing_stays_after_a_failure(self):
        with self.assertRaises(ZeroDivisionError):
            with rooms.in_memory("ext4", rooms.SMALLEST):
                raise ZeroDivisionError
        self.assertEqual(leftovers(), [])

    def test_too_small_a_machine_is_told(self):
        with self.assertRaisesRegex(NotPossible, "GiB of free memory, has"):
            with rooms.in_memory("ext4", 1 << 50):
                self.fail("a petabyte of memory")

    def test_image_that_cannot_be_mounted_leaves_nothing(self):
        with unittest.mock.patch.dict(rooms._MKFS, {"ext4": ["true"]}):
            with self.assertRaisesRegex(NotPossible, "mount: "):
                with rooms.in_memory("ext4", rooms.SMALLEST):
                    self.fail("mounted an empty image")
        self.assertEqual(leftovers(), [])


class Disk(unittest.TestCase):
    def test_directory_goes(self):
        with tempfile.TemporaryDirectory() as parent:
            with rooms.disk(parent, 1 << 20) as room:
                data.write(room / "file", 1 << 20)
            self.assertEqual(os.listdir(parent), [])

    def test_too_small_a_disk_is_told(self):
        with tempfile.TemporaryDirectory() as parent:
            with self.assertRaisesRegex(NotPossible, "GiB of free space, has"):
                with rooms.disk(parent, 1 << 60):
                    self.fail("an exabyte of disk")


class Shared(unittest.TestCase):
    def _check_kind(self, kind):
        with rooms.in_memory(kind, rooms.SMALLEST) as room:
            src, clone, copy = room / "source", room / "clone", room / "copy"
            data.write_islands(src, 16 << 20, 16, 4096, preallocated=True)
            subprocess.run(["cp", "--reflink=always", src, clone], check=True)
            subprocess.run(["cp", "--reflink=never", src, copy], check=True)
            verify.shared(src, clone)
            with self.assertRaises(verify.WrongCopy):
                verify.shared(src, copy)

    def test_clone_and_copy_are_told_apart_on_xfs(self):
        self._check_kind("xfs")

    def test_clone_and_copy_are_told_apart_on_btrfs(self):
        self._check_kind("btrfs")


class PageCache(unittest.TestCase):
    def test_cold_and_warm(self):
        with rooms.in_memory("ext4", rooms.SMALLEST) as room:
            path = room / "file"
            data.write(path, 1 << 20)
            data.make_warm(path)
            self.assertEqual(kernel.cached_bytes(path), 1 << 20)
            data.make_cold(path)
            self.assertEqual(kernel.cached_bytes(path), 0)
