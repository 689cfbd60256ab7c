# What the libraries stand on: nng and threads (actor); libyaml and jansson (supervisor). libdw is the unwinder's, a
# program of its own.
# nng's headers lie about their version, so what it can do is asked of it function by function.
include(CheckSymbolExists)
include(CMakePushCheckState)
include(TractorNng)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(TRACTOR_YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(TRACTOR_JANSSON REQUIRED IMPORTED_TARGET jansson)
if(TRACTOR_UNWINDER)
	pkg_check_modules(TRACTOR_DW REQUIRED IMPORTED_TARGET libdw libelf)
endif()

cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_LIBRARIES nng::nng)
check_symbol_exists(nng_init_set_parameter nng/nng.h TRACTOR_HAVE_NNG_INIT_SET_PARAMETER)
cmake_pop_check_state()
