# tractor_add_actor(NAME SOURCES...): an executable that is an actor (or several: TRACTOR_BINARY). Installed
# with the package.
#
# What it adds to add_executable and tractor::actor is for crash reports: frame pointers and unwind tables for
# the backtrace, a build id to find the symbols by, and function names that stay in the binary when it is
# stripped (-rdynamic).
function(tractor_add_actor name)
	add_executable(${name} ${ARGN})
	target_link_libraries(${name} PRIVATE tractor::actor)
	target_compile_options(${name} PRIVATE -fno-omit-frame-pointer -fasynchronous-unwind-tables)
	target_link_options(${name} PRIVATE -Wl,--build-id)
	set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
	get_target_property(standard ${name} C_STANDARD)
	if(NOT standard)
		set_target_properties(${name} PROPERTIES C_STANDARD 11)
	endif()
endfunction()
