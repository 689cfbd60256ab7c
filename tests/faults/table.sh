#!/bin/sh
# faults/table.sh BUILD: every system call of the shell goes through the table of supervisor/shell/sys.h: no other object of it refers to one. Spawn's child is past the
# table, and what may not fail or only looks for files before a start is not counted. Exit: 0 so it is; 1 what goes past it; 77 no nm, or no objects.
set -eu

build=$1
command -v nm >/dev/null || exit 77
objects=$build/supervisor/CMakeFiles/tractor-shell.dir/shell
[ -d "$objects" ] || exit 77

# As the linker sees them; fortified ones are __NAME_chk, stdio opens files by itself.
calls="accept accept4 bind chdir chmod chown clone close close_range closedir connect creat dup dup2 dup3 epoll_create epoll_create1
	epoll_ctl epoll_pwait epoll_wait eventfd execve execvp fchdir fchmod fchmodat fchown fcntl fcntl64 fdatasync fdopen fdopendir flock
	fopen fopen64 fork freopen fstat fstat64 fstatat fsync ftruncate ftruncate64 getsockopt inotify_add_watch inotify_init1 ioctl kill
	killpg link linkat listen lseek lstat lstat64 memfd_create mkdir mkdirat mkdtemp mkfifo mkostemp mkstemp mmap mmap64 mprotect mremap
	nanosleep nftw open open64 openat openat64 opendir pause pipe pipe2 poll popen posix_spawn ppoll prctl pread prlimit pselect pwrite
	readdir readdir64 readlink readlinkat readv read recv recvfrom recvmsg remove rename renameat rmdir select send sendfile sendmsg
	sendto setpgid setrlimit setsid setsockopt shutdown sigaction signal signalfd sigqueue socket socketpair splice stat stat64 statx
	symlink syscall system tgkill timerfd_create timerfd_settime truncate unlink unlinkat unshare utimensat vfork wait wait3 wait4 waitid
	waitpid write writev"
# The child between clone and exec; and signals' dispositions, which are only asked for.
spawn="syscall"
disposition="sigaction"

found=0
for object in "$objects"/*.o; do
	name=$(basename "$object" .c.o)
	case $name in
	sys) continue ;;
	spawn) allowed=$spawn ;;
	runtime | signals) allowed=$disposition ;;
	*) allowed= ;;
	esac
	for symbol in $(nm -u "$object" | sed -n 's/^ *[Uw] //p' | sed 's/^__\(.*\)_chk$/\1/; s/^__\(.*\)_2$/\1/; s/@.*//'); do
		for call in $calls; do
			[ "$symbol" = "$call" ] || continue
			case " $allowed " in
			*" $call "*) ;;
			*)
				echo "supervisor/shell/$name.c calls $call() past the table of sys.h"
				found=1
				;;
			esac
		done
	done
done
exit "$found"
