# Optimising a library or the command as a whole: a call from one file to another is inlined as if they were one, which is worth some
# tenth of a message. gcc only, where it was measured and where objects can be linked to one that is an ordinary object: what goes into a
# static library must be one for whatever compiler links it. The objects have code of their own, too, for the tests that are linked
# from them. Not where a sanitizer or a debugger is to see every function.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT TRACTOR_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
	set(whole ON)
else()
	set(whole OFF)
endif()
option(TRACTOR_WHOLE "Optimise the libraries and the command each as a whole (gcc's LTO)" ${whole})

# For who links such objects as they are: it would take some seconds for each program.
set(TRACTOR_IN_PARTS $<$<BOOL:${TRACTOR_WHOLE}>:-fno-lto>)

# tractor_whole_objects(NAME): its objects can be optimised with others, when they are linked.
function(tractor_whole_objects name)
	if(TRACTOR_WHOLE)
		target_compile_options(${name} PRIVATE -flto -ffat-lto-objects)
	endif()
endfunction()

# tractor_whole_link(NAME): a shared library or a program of such objects.
function(tractor_whole_link name)
	if(TRACTOR_WHOLE)
		target_link_options(${name} PRIVATE -flto=auto)
	endif()
endfunction()

# tractor_whole_archive(NAME [HIDES]): a static library of such objects becomes one of a single object. HIDES: what is hidden in a
# shared library is not in a static one: its names would clash with those that a program has for functions of its own. In one object
# they become local.
function(tractor_whole_archive name)
	set(optimise)
	set(hide)
	if(TRACTOR_WHOLE)
		set(optimise -flto=auto -flinker-output=nolto-rel)
	elseif(NOT "HIDES" IN_LIST ARGN)
		return()
	endif()
	if("HIDES" IN_LIST ARGN)
		set(hide COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${name}.o)
	endif()
	add_custom_command(TARGET ${name} POST_BUILD
		COMMAND ${CMAKE_C_COMPILER} -nostdlib -r ${optimise} -Wl,--whole-archive $<TARGET_FILE:${name}> -o ${name}.o
		${hide}
		COMMAND ${CMAKE_COMMAND} -E remove $<TARGET_FILE:${name}>
		COMMAND ${CMAKE_AR} rcs $<TARGET_FILE:${name}> ${name}.o
		VERBATIM)
endfunction()
