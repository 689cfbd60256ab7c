# tractor_target(NAME [FOLDERS...]): what every target of this project is compiled with. FOLDERS, relative to
# the project, are the private headers that it may see: the direction of knowledge between the parts is kept by
# what is not listed.
#
# Frame pointers and unwind tables: a backtrace is taken in a process that has just gone wrong, in release
# builds too.
function(tractor_target name)
	set_target_properties(${name} PROPERTIES
		C_STANDARD 11
		C_STANDARD_REQUIRED ON
		C_EXTENSIONS OFF
		C_VISIBILITY_PRESET hidden
		POSITION_INDEPENDENT_CODE ON)
	target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
	target_compile_options(${name} PRIVATE
		-pedantic -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
		-fno-omit-frame-pointer -fasynchronous-unwind-tables)
	if(TRACTOR_WERROR)
		target_compile_options(${name} PRIVATE -Werror)
	endif()
	target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
	foreach(folder IN LISTS ARGN)
		target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/${folder})
	endforeach()
endfunction()
