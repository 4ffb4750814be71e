# Warnings and run-time checks, as one interface target that everything of ours links.
add_library(copyfile_options INTERFACE)

# 64-bit offsets even where a 32-bit off_t would be the default; GNU names (copy_file_range, statx).
target_compile_definitions(copyfile_options INTERFACE _FILE_OFFSET_BITS=64 _GNU_SOURCE)
target_compile_options(copyfile_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  # A Result that nobody looks at is a lost error, in every build.
  -Werror=unused-result)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # 12 reports fields of partly filled designated initialisers, which the options structs are made for.
  target_compile_options(copyfile_options INTERFACE -Wno-missing-field-initializers)
else()
  target_compile_options(copyfile_options INTERFACE -Wno-missing-field-initializers
                                                    -Wno-missing-designated-field-initializers
                                                    -Wno-unknown-warning-option)
endif()

if(COPYFILE_CHECKING STREQUAL "asan")
  set(checks -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(COPYFILE_CHECKING STREQUAL "tsan")
  set(checks -fsanitize=thread)
elseif(COPYFILE_CHECKING STREQUAL "fuzz")
  set(checks -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
elseif(NOT COPYFILE_CHECKING STREQUAL "none")
  message(FATAL_ERROR "COPYFILE_CHECKING is none, asan, tsan or fuzz, not '${COPYFILE_CHECKING}'")
endif()
if(DEFINED checks)
  target_compile_options(copyfile_options INTERFACE ${checks} -fno-omit-frame-pointer)
  target_link_options(copyfile_options INTERFACE ${checks})
endif()
