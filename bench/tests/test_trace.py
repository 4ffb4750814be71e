from harness import trace
from tests.support import ScratchTest


class Count(ScratchTest):
    def test_clones_and_copies(self):
        found = trace.count([
            "12 ioctl(4, BTRFS_IOC_CLONE_RANGE or FICLONERANGE, {src_fd=3, ...}) = 0",
            "12 ioctl(4, BTRFS_IOC_CLONE or FICLONE, 3) = 0",
            "13 ioctl(3, FS_IOC_FIEMAP, {fm_start=0}) = 0",
            "13 copy_file_range(3, [0], 4, [0], 4096, 0) = 4096",
            "13 pwrite64(4, \"x\", 1, 0) = 1",
            "13 syscall_0x1c3(0x3, 0x7ff, 0x7ff, 0, 0, 0) = 0",
        ])
        self.assertEqual(found, {"clone": 2, "copy_file_range": 1, "pwrite64": 1})

    def test_failures_moved_nothing(self):
        self.assertEqual(trace.count(["ioctl(4, FICLONE, 3) = -1 EOPNOTSUPP (Not supported)"]), {})

    def test_call_that_was_interrupted_in_the_log_counts_once(self):
        found = trace.count([
            "12 copy_file_range(3, [0], 4,  <unfinished ...>",
            "13 pwrite64(4, \"x\", 1, 0 <unfinished ...>",
            "12 <... copy_file_range resumed>[4096], 4096, 0) = 4096",
            "13 <... pwrite64 resumed>) = 1",
        ])
        self.assertEqual(found, {"copy_file_range": 1, "pwrite64": 1})

    def test_ends_and_signals_are_no_calls(self):
        self.assertEqual(trace.count(["12 +++ exited with 0 +++", "12 --- SIGCHLD {} ---"]), {})

    def test_a_real_command(self):
        source = self.file("source", b"x" * 5000)
        found = trace.operations(["dd", f"if={source}", f"of={self.path('copy')}", "bs=1M"],
                                 self.scratch)
        self.assertEqual(found, {})
        found = trace.operations(["python3", "-c", "import os; os.pwrite(os.open("
                                  f"{self.path('new')!r}, os.O_CREAT | os.O_WRONLY), b'x', 0)"],
                                 self.scratch)
        self.assertEqual(found, {"pwrite64": 1})
