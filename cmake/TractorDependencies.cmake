# What the libraries stand on: nng and threads (actor); libyaml and jansson (supervisor). libdw is the unwinder's, a
# program of its own.
# What a newer nng can do is looked up as the program is started (actor/uplink.c), not here.
include(TractorNng)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(TRACTOR_YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(TRACTOR_JANSSON REQUIRED IMPORTED_TARGET jansson)
if(TRACTOR_UNWINDER)
	pkg_check_modules(TRACTOR_DW REQUIRED IMPORTED_TARGET libdw libelf)
endif()
