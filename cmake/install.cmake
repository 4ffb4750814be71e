include(CMakePackageConfigHelpers)

install(TARGETS copyfile RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/copyfile DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# The daemon, its service, and a configuration to begin with.
set(service ${PROJECT_SOURCE_DIR}/apps/copyfile-target/service)
configure_file(${service}/copyfile-target.service.in ${PROJECT_BINARY_DIR}/copyfile-target.service @ONLY)
install(TARGETS copyfile-target RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_BINARY_DIR}/copyfile-target.service DESTINATION lib/systemd/system)
install(FILES ${service}/copyfile-target.sysusers DESTINATION lib/sysusers.d
        RENAME copyfile-target.conf)
install(FILES ${service}/copyfile-target.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/copyfile-target)

# CMake: copyfile::copyfile is the shared library, copyfile::copyfile_static the archive.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/copyfile)
install(TARGETS copyfile_shared copyfile_static EXPORT copyfile_targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT copyfile_targets NAMESPACE copyfile:: FILE copyfileTargets.cmake
        DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/copyfileConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/copyfileConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/copyfileConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/copyfileConfig.cmake
              ${PROJECT_BINARY_DIR}/copyfileConfigVersion.cmake DESTINATION ${package_dir})

# pkg-config. Paths are relative to the file, so that `cmake --install --prefix` and moving the tree keep it right.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/copyfile.pc.in ${PROJECT_BINARY_DIR}/copyfile.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/copyfile.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# man/NAME.SECTION.scd; the target exists even where there is no page.
file(GLOB page_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.scd)
set(pages)
foreach(source IN LISTS page_sources)
  get_filename_component(page ${source} NAME_WLE)
  string(REGEX REPLACE ".*\\." "" section ${page})
  set(output ${PROJECT_BINARY_DIR}/man/${page})
  add_custom_command(OUTPUT ${output} DEPENDS ${source}
                     COMMAND ${SCDOC} < ${source} > ${output} VERBATIM)
  list(APPEND pages ${output})
  install(FILES ${output} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
add_custom_target(man ALL DEPENDS ${pages})

# Where each shell looks for completions of a package.
set(completions ${PROJECT_SOURCE_DIR}/completions)
foreach(pair "copyfile.bash|bash-completion/completions|copyfile" "_copyfile|zsh/site-functions|_copyfile"
             "copyfile.fish|fish/vendor_completions.d|copyfile.fish"
             "copyfile-target.bash|bash-completion/completions|copyfile-target"
             "_copyfile-target|zsh/site-functions|_copyfile-target"
             "copyfile-target.fish|fish/vendor_completions.d|copyfile-target.fish")
  string(REPLACE "|" ";" pair ${pair})
  list(GET pair 0 file)
  list(GET pair 1 folder)
  list(GET pair 2 name)
  if(EXISTS ${completions}/${file})
    install(FILES ${completions}/${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} RENAME ${name})
  endif()
endforeach()
