# Finds nng as the target nng::nng. Debian's libnng-dev brings a CMake package and no nng.pc; some distributions
# bring neither. Installed too, since a program that links a static libtractor-actor links nng.
if(NOT TARGET nng::nng)
	find_package(nng 1.5.2 CONFIG QUIET)
endif()
if(NOT TARGET nng::nng)
	find_path(TRACTOR_NNG_INCLUDE_DIR nng/nng.h)
	find_library(TRACTOR_NNG_LIBRARY nng)
	mark_as_advanced(TRACTOR_NNG_INCLUDE_DIR TRACTOR_NNG_LIBRARY)
	if(NOT TRACTOR_NNG_INCLUDE_DIR OR NOT TRACTOR_NNG_LIBRARY)
		message(FATAL_ERROR "nng 1.5.2 or later is needed, and was not found (Debian: apt-get install libnng-dev)")
	endif()
	add_library(nng::nng UNKNOWN IMPORTED)
	set_target_properties(nng::nng PROPERTIES
		IMPORTED_LOCATION "${TRACTOR_NNG_LIBRARY}"
		INTERFACE_INCLUDE_DIRECTORIES "${TRACTOR_NNG_INCLUDE_DIR}")
endif()
