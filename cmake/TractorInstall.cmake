# Install rules: headers, libraries, the command, a CMake package (components: actor, tractor) and two
# pkg-config files. Everything installed is relocatable: nothing of it knows the prefix it was configured with.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/tractor DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS tractor-actor EXPORT tractor-actor-targets
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS tractor tractor-test EXPORT tractor-targets
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
file(RELATIVE_PATH lib_from_bin /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(tractor tractor-test tractor-command PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin};$ORIGIN")
install(TARGETS tractor-command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TRACTOR_UNWINDER)
	install(TARGETS tractor-unwind RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/tractor)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tractor)
install(EXPORT tractor-actor-targets NAMESPACE tractor:: DESTINATION ${package_dir})
install(EXPORT tractor-targets NAMESPACE tractor:: DESTINATION ${package_dir})
configure_package_config_file(cmake/tractorConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/tractorConfig.cmake
	INSTALL_DESTINATION ${package_dir}
	NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/tractorConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
	${PROJECT_BINARY_DIR}/cmake/tractorConfig.cmake
	${PROJECT_BINARY_DIR}/cmake/tractorConfigVersion.cmake
	cmake/TractorActor.cmake
	cmake/TractorNng.cmake
	DESTINATION ${package_dir})

# Plain `pkg-config --libs` must link. Beside a static library that takes what it stands on as well; beside a
# shared one that is private, and only `--static` shows it.
if(BUILD_SHARED_LIBS)
	set(pc_actor_libs "")
	set(pc_actor_libs_private "-lnng -pthread")
	set(pc_tractor_requires "tractor-actor")
	set(pc_tractor_requires_private "yaml-0.1 jansson")
	set(pc_tractor_libs "")
else()
	set(pc_actor_libs " -lnng -pthread")
	set(pc_actor_libs_private "")
	set(pc_tractor_requires "tractor-actor yaml-0.1 jansson")
	set(pc_tractor_requires_private "")
	set(pc_tractor_libs " -ldl")
endif()
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
	set(pc_prefix ${CMAKE_INSTALL_PREFIX})
	set(pc_libdir ${CMAKE_INSTALL_LIBDIR})
else()
	file(RELATIVE_PATH up /${pc_dir} /)
	string(REGEX REPLACE "/$" "" up "${up}")
	set(pc_prefix "\${pcfiledir}/${up}")
	set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
foreach(name tractor-actor tractor tractor-test)
	configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/cmake/${name}.pc @ONLY)
	install(FILES ${PROJECT_BINARY_DIR}/cmake/${name}.pc DESTINATION ${pc_dir})
endforeach()
