#pragma once

// Where this build's programs and the tests' own files are. In an object file that CMake writes, and not as macros: macros with
// paths in them would keep the compiler cache of one work tree from serving another.

namespace libcopyfile::test::places {

extern const char* const kCommand;        // copyfile
extern const char* const kTargetDaemon;   // copyfile-target
extern const char* const kRefuse;         // testing/refuse
extern const char* const kScratch;        // testing/scratch
extern const char* const kLiar;           // testing/liar_fuse
extern const char* const kBlockRecorder;  // testing/block_recorder_fuse
extern const char* const kTests;          // the folder tests/ of the sources

}  // namespace libcopyfile::test::places
