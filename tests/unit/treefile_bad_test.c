/* treefile_bad_test.c: everything that can be wrong with a tree file. */
#include "treefile_world.h"

START_TEST(bad_keys)
{
	static const struct bad table[] = {
		{ "nmae: shop", { "1:1: unknown key \"nmae\" in the tree; did you mean \"name\"?" } },
		{ "name: shop\nxyzzy: 1\n",
			{ "2:1: unknown key \"xyzzy\" in the tree; its keys are name, strategy, intensity," } },
		{ "name: shop\nexec: ./db\n",
			{ "2:1: \"exec\" does not belong in the tree; it belongs in an actor, a pool or crash_policy" } },
		{ "name: shop\nname: shop\n",
			{ "2:1: \"name\" is here twice, first in line 1; remove one" } },
		{ "name: shop\n<<: {period: 5s}\n", { "2:1: merge keys (<<) are not supported" } },
		{ "name: shop\n[a]: b\n", { "2:1: this key: found a list; write a text" } },
		{ "name: shop\n{a: c}: b\n", { "2:1: this key: found a mapping" } },
		{ "name: shop\n\"a\\0b\": b\n", { "2:1: this key: the text has a NUL (\\0) in it" } },
		{ "name: shop\n? \n", { "2:2: unknown key \"\" in the tree; its keys are" } },
		{ "period: 5s\n", { "1:1: the tree has no name; add one, like name: shop" } },
		{ "name: shop\nchildren:\n  - actor: db\n    exec: ./db\n    exec: ./db\n    children: []\n    restrat: temporary\n",
			{ "5:5: \"exec\" is here twice, first in line 4",
				"6:5: \"children\" does not belong in an actor; it belongs in the tree or a supervisor",
				"7:5: unknown key \"restrat\" in an actor; did you mean \"restart\"?" } },
		/* the value of a misspelt key is checked as well, once */
		{ "name: shop\nperoid: 5\n",
			{ "2:1: did you mean \"period\"?", "2:9: period: \"5\" has no unit" } },
		{ "name: shop\nperoid: 5\nperiod: 7\n",
			{ "2:1: did you mean \"period\"?", "3:9: period: \"7\" has no unit" } },
		{ "name: shop\nchildren: [{actor: db, exec: ./db, backoff: {inital: 1s, exec: 1}}]\n",
			{ "2:46: unknown key \"inital\" in backoff; did you mean \"initial\"?",
				"2:58: \"exec\" does not belong in backoff" } },
		{ "name: shop\nchildren:\n  - pool: p\n    exec: ./db\n    significant: true\n    auto_shutdown: never\n",
			{ "5:5: \"significant\" does not belong in a pool",
				"6:5: \"auto_shutdown\" does not belong in a pool" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_children)
{
	static const struct bad table[] = {
		{ "name: shop\nchildren: {actor: db}\n",
			{ "2:11: children: found a mapping (keys with values); write a list of children" } },
		{ "name: shop\nchildren: db\n",
			{ "2:11: children: found the text \"db\"; write a list of children" } },
		{ "name: shop\nchildren: [db, [], ]\n",
			{ "2:12: children: found the text \"db\"; write each child as a mapping",
				"2:16: children: found a list; write each child" } },
		{ "name: shop\nchildren: [{}]\n",
			{ "2:12: this child is neither an actor, a supervisor nor a pool",
				"2:12: exec is missing; name the program, like exec: ./db" } },
		{ "name: shop\nchildren:\n  - exec: ./db\n", { "3:5: this child is neither" } },
		{ "name: shop\nchildren:\n  - max: 3\n    exec: ./db\n", { "3:5: this child is neither" } },
		{ "name: shop\nchildren:\n  - children: [{actor: a}]\n",
			{ "3:5: this child is neither", "3:16: exec is missing" } },
		{ "name: shop\nchildren:\n  - actr: db\n    exec: ./db\n",
			{ "3:5: unknown key \"actr\" in an actor; did you mean \"actor\"?" } },
		{ "name: shop\nchildren:\n  - supervisr: s\n    strategy: x\n",
			{ "3:5: did you mean \"supervisor\"?",
				"4:15: strategy: \"x\" is none of its words" } },
		{ "name: shop\nchildren:\n  - actor: db\n    exec: ./db\n    pool: db\n",
			{ "5:5: \"pool\" in an actor; a child is one of actor, supervisor and pool" } },
		{ "name: shop\nchildren:\n  - actor:\n    exec: ./db\n  - actor: ''\n    exec: ./db\n  - actor: my db\n    exec: ./db\n",
			{ "3:11: actor: has no value; write its name",
				"5:12: actor: is empty; write its name",
				"7:12: actor: \"my db\" cannot be a name; use 1 to 63 of the letters" } },
		{ "name: [a]\n", { "1:7: name: found a list; write its name, like shop" } },
		{ "name: \"a\\0b\"\n", { "1:7: name: the text has a NUL" } },
		{ "name: shop\nchildren:\n  - pool: p\n    max: 0\n",
			{ "3:5: exec is missing",
				"4:10: max: \"0\" is out of range; write a whole number from 1 to" } },
		/* what spec_check() finds, at the child's place */
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db}\n  - exec: ./db\n    actor: db\n",
			{ "4:5: db" } },
		{ "name: shop\nauto_shutdown: any_significant\nchildren:\n  - {actor: db, exec: ./db, significant: true}\n",
			{ "4:5: significant" } },
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db, restart: temporary, significant: true}\n",
			{ "3:5: significant" } },
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db, backoff: {initial: 2m}}\n",
			{ "3:5: backoff initial is longer than backoff max" } },
		/* and what it must not say again */
		{ "name: shop\nchildren:\n  - {actor: db, exec: ./db, backoff: {initial: 2m, max: 3}}\n",
			{ "3:57: max: \"3\" has no unit" } },
		{ "name: shop\nauto_shutdown: any_significant\nchildren:\n  - {actor: db, exec: ./db, restart: x, significant: true}\n",
			{ "4:38: restart: \"x\" is none of its words; write permanent, transient or temporary" } },
		{ "name: shop\nauto_shutdown: any_sgnificant\nchildren:\n  - {actor: db, exec: ./db, restart: temporary, significant: true}\n",
			{ "2:16: auto_shutdown: \"any_sgnificant\" is none of its words; did you mean any_significant?" } },
	};

	CHECK_BAD(table);
}
END_TEST

/* One key of an actor: the value begins in line 3, column 12 + its length. */
START_TEST(bad_values)
{
	static const struct bad table[] = {
		{ "name: a\nperiod: 5\n", { "2:9: period: \"5\" has no unit; write 5s or 5ms" } },
		{ "name: a\nperiod: 0\n", { "2:9: period: \"0\" is too short; write more than 0" } },
		{ "name: a\nperiod: 0s\n", { "2:9: too short" } },
		{ "name: a\nperiod: -5s\n", { "2:9: period: \"-5s\" is negative" } },
		{ "name: a\nperiod: soon\n",
			{ "2:9: period: \"soon\" is not a duration; write one like 5s" } },
		{ "name: a\nperiod: 5 s\n", { "2:9: period: \"5 s\" has an unknown unit" } },
		{ "name: a\nperiod: 5sec\n",
			{ "2:9: \"5sec\" has an unknown unit; a duration is one number and ms, s, m or h" } },
		{ "name: a\nperiod: 1h30m\n", { "2:9: unknown unit" } },
		{ "name: a\nperiod: 1.s\n", { "2:9: is not a duration" } },
		{ "name: a\nperiod: 0.1234567891s\n", { "2:9: is not a duration" } },
		{ "name: a\nperiod: 87600.5h\n",
			{ "2:9: \"87600.5h\" is too long; write 87600h (ten years) at most" } },
		{ "name: a\nperiod: 99999999999999999999999999h\n", { "2:9: is too long" } },
		{ "name: a\nperiod:\n", { "2:8: period: has no value; write a duration, like 5s or 250ms" } },
		{ "name: a\nperiod: ~\n", { "2:9: period: has no value" } },
		{ "name: a\nperiod: [5s]\n", { "2:9: period: found a list; write a duration" } },
		{ "name: a\nperiod: !!foo 5s\n",
			{ "2:9: the tag \"tag:yaml.org,2002:foo\" means nothing here; leave it out" } },
		{ "name: a\nperiod: !seconds 5\n", { "2:9: the tag \"!seconds\" means nothing here" } },
		{ "name: a\nintensity: many\n",
			{ "2:12: intensity: \"many\" is not a whole number; write one from 0 to 100000" } },
		{ "name: a\nintensity: -1\n", { "2:12: intensity: \"-1\" is not a whole number" } },
		{ "name: a\nintensity: 1.5\n", { "2:12: \"1.5\" is not a whole number" } },
		{ "name: a\nintensity: 010\n",
			{ "2:12: \"010\" begins with 0; write the number without it" } },
		{ "name: a\nintensity: 18446744073709551617\n", { "2:12: is out of range" } },
		{ "name: a\nintensity: \"1\"\n",
			{ "2:12: intensity: found the text \"1\" in quotes; write a whole number, like 1, without quotes" } },
		{ "name: a\nstrategy: one-for-one\n",
			{ "2:11: strategy: \"one-for-one\" is none of its words; did you mean one_for_one?" } },
		{ "name: a\nstrategy: {x: y}\n",
			{ "2:11: strategy: found a mapping (keys with values); write one_for_one, one_for_all or rest_for_one" } },
		{ "name: a\nstrategy: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
			{ "2:11: aaaaaaaaa...\" is none" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, significant: yes}\n",
			{ "3:41: significant: \"yes\" is neither; write true or false" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, lanes: none}\n",
			{ "3:35: lanes: \"none\" is none of its words; write off or on" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, spares: -1}\n",
			{ "3:36: spares: \"-1\" is not a whole number; write one from 0 to 100" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, spares: 101}\n",
			{ "3:36: spares: \"101\" is out of range; write a whole number from 0 to 100" } },
		{ "name: a\nchildren:\n  - {pool: a, exec: ./db, spares: 4294967297}\n",
			{ "3:35: spares: \"4294967297\" is out of range" } },
		{ "name: a\nchildren:\n  - {supervisor: a, spares: 1}\n", { "3:21: spares" } },
		{ "name: a\nspares: 1\n", { "2:1: spares" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, redeliver: 'true'}\n",
			{ "3:39: redeliver: found the text \"true\" in quotes; write true or false" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, shutdown: 5}\n",
			{ "3:38: shutdown: \"5\" has no unit" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, shutdown: infinty}\n",
			{ "3:38: shutdown: \"infinty\" is no duration; did you mean infinity?" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, shutdown: later}\n",
			{ "3:38: shutdown: \"later\" is no duration; write one like 5s, or kill or infinity" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, start_timeout: 0}\n",
			{ "3:43: start_timeout: \"0\" is too short" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, role: my db}\n",
			{ "3:34: role: \"my db\" cannot be an actor's" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, role: }\n",
			{ "3:34: role: has no value" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, backoff: 1s}\n",
			{ "3:37: backoff: found the text \"1s\"; write a mapping, like {initial: 1s, max: 30s}" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, backoff: {factor: 0.5, jitter: 1.5, initial: 1, max: x, reset: -1s}}\n",
			{ "3:46: factor: \"0.5\" is out of range; write a number from 1 to 1000",
				"3:59: jitter: \"1.5\" is out of range; write a number from 0 to 1",
				"3:73: initial: \"1\" has no unit", "3:81: max: \"x\" is not a duration",
				"3:91: reset: \"-1s\" is negative" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, backoff: {factor: inf, jitter: 1e-1}}\n",
			{ "3:46: factor: \"inf\" is not a number; write one from 1 to 1000",
				"3:59: jitter: \"1e-1\" is not a number" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: no}\n",
			{ "3:33: log: found the text \"no\"; write a mapping, like {max_size: 1MB, files: 3}" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: {max_size: 1m, files: 101, rate: -1, burst: 0}}\n",
			{ "3:44: max_size: \"1m\" has an unknown unit; a size is one number and B, KB, MB, KiB or MiB",
				"3:55: files: \"101\" is out of range; write a whole number from 0 to 100",
				"3:66: rate: \"-1\" is not a whole number",
				"3:77: burst: \"0\" is out of range; write a whole number from 1 to 1000000" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: {max_size: 1}}\n",
			{ "3:44: max_size: \"1\" has no unit; write 1KB or 1MB" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: {max_size: big}}\n",
			{ "3:44: max_size: \"big\" is not a size; write one like 1MB, 64KiB or 1.5MB" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: {max_size: 3.999KB}}\n",
			{ "3:44: max_size: \"3.999KB\" is out of range; write a size from 4KB to 100MB" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: {max_size: 99999999999999999999MiB}}\n",
			{ "3:44: is out of range; write a size from 4KB to 100MB" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, rate: 5}\n",
			{ "3:28: \"rate\" does not belong in an actor; it belongs in log" } },
		{ "name: a\nchildren:\n  - {actor: a, exec: ./db, log: {raet: 5}}\n",
			{ "3:34: unknown key \"raet\" in log; did you mean \"rate\"?" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_args_and_env)
{
	static const struct bad table[] = {
		{ "name: a\nchildren:\n  - actor: a\n    exec: ./db\n    args: [x]\n    env: x\n",
			{ "5:11: args: found a list; write names with values, like {file: data.bin}",
				"6:10: env: found the text \"x\"" } },
		{ "name: a\nchildren:\n  - actor: a\n    exec: ./db\n    args: {'': 1, a: [x], b: {}, [c]: 1, d: 1, d: 2, \"x\": \"\\0\"}\n",
			{ "5:12: args: \"\": an argument's name is empty",
				"5:22: a: found a list; write a text", "5:30: b: found a mapping",
				"5:34: args: found a list",
				"5:48: args: \"d\" is here twice, first in line 5",
				"5:59: x: the text has a NUL" } },
		{ "name: a\nchildren:\n  - actor: a\n    exec: ./db\n    env:\n      1X: a\n      TRACTOR_FD: 3\n      A-B: c\n      '': d\n      X: !big 1\n",
			{ "6:7: env: \"1X\": that cannot be a variable's name; use letters, digits and _",
				"7:7: env: \"TRACTOR_FD\": names that begin with TRACTOR_ are tractor's own",
				"8:7: env: \"A-B\": that cannot be", "9:7: env: \"\": that cannot be",
				"10:10: the tag \"!big\"" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_programs)
{
	static const struct bad table[] = {
		{ "name: a\nchildren: [{actor: a, exec: ./bd}]\n",
			{ "2:29: exec: no such file: $D/bd; build it first or correct exec" } },
		{ "name: a\nchildren: [{actor: a, exec: bin/db}]\n", { "2:29: no such file: $D/bin/db" } },
		{ "name: a\nchildren: [{actor: a, exec: /no/such/db}]\n",
			{ "2:29: no such file: /no/such/db" } },
		{ "name: a\nchildren: [{actor: a, exec: ./folder}]\n",
			{ "2:29: $D/folder is a directory; name the program in it" } },
		{ "name: a\nchildren: [{actor: a, exec: ./plain}]\n",
			{ "2:29: $D/plain is not executable for you; chmod +x it" } },
		{ "name: a\nchildren: [{actor: a, exec: /dev/null}]\n",
			{ "2:29: /dev/null is not a regular file" } },
		{ "name: a\nchildren: [{actor: a, exec: ./db/x}]\n",
			{ "2:29: $D/db/x: Not a directory; correct exec" } },
		{ "name: a\nchildren: [{actor: a, exec: ./lost}]\n",
			{ "2:29: $D/lost begins with #!/no/such/interpreter, and there is no such file" } },
		{ "name: a\nchildren: [{actor: a, exec: ./blocked}]\n",
			{ "2:29: $D/blocked begins with #!/etc/passwd, which cannot be executed (Permission denied)" } },
		{ "name: a\nchildren: [{actor: a, exec: ./windows}]\n",
			{ "2:29: the lines of $D/windows end as on Windows (CR LF)" } },
		{ "name: a\nchildren: [{actor: a, exec: nosuchprogram}]\n",
			{ "2:29: no \"nosuchprogram\" in PATH; install it, or write ./nosuchprogram" } },
		{ "name: a\nchildren: [{actor: a, exec: db}]\n",
			{ "2:29: no \"db\" in PATH; did you mean ./db, the one beside this file?" } },
		{ "name: a\nchildren: [{actor: a, exec: ''}]\n",
			{ "2:29: exec: is empty; write the path of a program" } },
		{ "name: a\nchildren: [{actor: a, exec: \"./a\\nb\"}]\n", { "2:29: no such file: $D/a?b" } },
		{ "name: a\nchildren: [{actor: a, exec: \"./a\\u009b1mb\"}]\n",
			{ "2:29: no such file: $D/a??1mb" } },
		{ "name: a\nchildren: [{actor: a, exec: [./db]}]\n",
			{ "2:29: exec: found a list; write the path of a program, like ./db" } },
	};

	CHECK_BAD(table);
}
END_TEST

#define NOBODY 65534

/* Nothing is closed to root, so it is somebody else for a while. */
START_TEST(program_in_a_closed_folder)
{
	static const struct bad table[] = {
		{ "name: a\nchildren: [{actor: a, exec: ./db}]\n",
			{ "2:29: $D/db is in a folder that you may not enter; chmod that one" } },
	};
	uid_t us = getuid();

	ck_assert_int_eq(chmod(directory, 0), 0);
	if (us == 0)
		ck_assert_int_eq(setresuid(NOBODY, NOBODY, 0), 0);
	CHECK_BAD(table);
	ck_assert_int_eq(setresuid(us, us, us), 0);
	ck_assert_int_eq(chmod(directory, 0700), 0);
}
END_TEST

START_TEST(bad_programs_in_path)
{
	static const struct bad table[] = {
		{ "name: a\nchildren: [{actor: a, exec: plain}]\n",
			{ "2:29: $D/plain is not executable for you" } },
		{ "name: a\nchildren: [{actor: a, exec: lost}]\n", { "2:29: $D/lost begins with #!" } },
		{ "name: a\nchildren: [{actor: a, exec: folder}]\n", { "2:29: no \"folder\" in PATH" } },
	};

	setenv("PATH", directory, 1);
	CHECK_BAD(table);
}
END_TEST

START_TEST(bad_policies)
{
	static const struct bad table[] = {
		{ "name: a\ncrash_policy: lgo\n",
			{ "2:15: crash_policy: \"lgo\" is none of its words; did you mean log?" } },
		{ "name: a\ncrash_policy:\n",
			{ "2:14: crash_policy: found nothing; write log, {exec: [./policy]} or {plugin: /path/policy.so}" } },
		{ "name: a\ncrash_policy: {}\n", { "2:15: crash_policy: is empty; write log," } },
		{ "name: a\ncrash_policy: {exec: ./policy}\n",
			{ "2:22: exec: found the text \"./policy\"; write a list of the program and its arguments, like [./policy" } },
		{ "name: a\ncrash_policy: {exec: []}\n",
			{ "2:22: exec: has 0 words; write the program and its arguments" } },
		{ "name: a\ncrash_policy: {exec: [./polcy, [a]]}\n",
			{ "2:23: exec: no such file: $D/polcy", "2:32: exec: found a list; write a text" } },
		{ "name: a\ncrash_policy: {exec: ['']}\n", { "2:23: exec: is empty" } },
		{ "name: a\ncrash_policy: {exec: [./policy], plugin: $D/policy.so}\n",
			{ "2:42: crash_policy: has both exec and plugin; remove one" } },
		{ "name: a\ncrash_policy: {plugn: $D/policy.so}\n",
			{ "2:16: unknown key \"plugn\" in crash_policy; did you mean \"plugin\"?" } },
		{ "name: a\ncrash_policy: {plugin: policy.so}\n",
			{ "2:24: plugin: \"policy.so\" is not absolute; write the plugin's whole path" } },
		{ "name: a\ncrash_policy: {plugin: $D/no.so}\n",
			{ "2:24: plugin: no such file: $D/no.so; build or install it first" } },
		{ "name: a\ncrash_policy: {plugin: $D/folder}\n",
			{ "2:24: plugin: $D/folder is not a regular file" } },
		{ "name: a\ncrash_policy: {plugin: $D/link.so}\n",
			{ "2:24: plugin: $D/link.so is a symbolic link; name the file itself" } },
		{ "name: a\ncrash_policy: {plugin: $D/open.so}\n",
			{ "2:24: plugin: $D/open.so can be written by others; chmod go-w it" } },
		{ "name: a\ncrash_policy: {plugin: [x]}\n",
			{ "2:24: plugin: found a list; write the whole path of a shared object" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(plugin_of_somebody_else)
{
	static const struct bad table[] = {
		{ "name: a\ncrash_policy: {plugin: $D/policy.so}\n",
			{ "2:24: $D/policy.so belongs to user 12345; it must belong to root or to you" } },
	};

	if (chown(world_path("policy.so"), 12345, (gid_t)-1) != 0)
		return; /* only root can try */
	CHECK_BAD(table);
	ck_assert_int_eq(chown(world_path("policy.so"), geteuid(), (gid_t)-1), 0);
}
END_TEST

START_TEST(bad_yaml)
{
	static const struct bad table[] = {
		{ "", { "1:1: tree.yaml is empty; a tree needs a name at least, like name: shop" } },
		{ "\n# nothing but this\n", { "1:1: tree.yaml is empty" } },
		{ "\xef\xbb\xbf", { "1:1: tree.yaml is empty" } },
		{ "---\n", { "2:1: found nothing; a tree file is a mapping" } },
		{ "- actor: db\n",
			{ "1:1: found a list; a tree file is a mapping, which begins with name: shop, say" } },
		{ "shop\n", { "1:1: found the text \"shop\"; a tree file is a mapping" } },
		{ "!tree {name: a}\n", { "1:1: the tag \"!tree\" means nothing here" } },
		{ "name: a\n---\nname: b\n",
			{ "2:1: a second document begins here, and a tree file is one; remove the \"---\"" } },
		{ "name: a\nperiod: 5\n---\nname: b\n",
			{ "2:9: has no unit", "3:1: a second document begins here" } },
		{ "name: a\nchildren:\n\t- actor: db\n",
			{ "3:1: a tab stands here, and YAML indents with blanks only; use blanks" } },
		{ "name: a\nstrategy: @x\n", { "2:11: a value can't begin with @; put the text in quotes" } },
		{ "name: a: b\n",
			{ "1:8: YAML: mapping values are not allowed in this context; check the indentation" } },
		{ "name: a\nchildren: [{actor: a\n",
			{ "3:1: YAML: did not find expected ',' or '}', while parsing a flow mapping from line 2 on; close the { with }" } },
		{ "name: a\nchildren: *c\n",
			{ "2:11: YAML: found undefined alias; name it earlier by &name" } },
		{ "name: &a a\nstrategy: &a b\n",
			{ "2:11: YAML: second occurrence, found duplicate anchor; first occurrence from line 1 on; give each anchor" } },
		{ "name: \"a\n",
			{ "2:1: YAML: found unexpected end of stream, while scanning a quoted scalar from line 1 on; close the quotes" } },
		{ "name: \"\\q\"\n",
			{ "1:8: YAML: found unknown escape character; write \\\\ for a backslash" } },
		{ "name: a\n  - b\n   c: d\n", { "3:5: YAML: mapping values are not allowed" } },
		{ "name: a\nstrat\xff"
		  "egy: b\n",
			{ "2:6: YAML: invalid leading UTF-8 octet; save the file as UTF-8" } },
		{ "name: \xc3\xa9\nx\xc3\xa9y\xc3(: b\n",
			{ "2:5: YAML: invalid trailing UTF-8 octet; save the file as UTF-8" } },
		{ "\xff\xfen\n", { "1:1: YAML: invalid leading UTF-8 octet; save the file as UTF-8" } },
		{ "name: a\n\x01: b\n",
			{ "2:1: YAML: control characters are not allowed; this is no text; is it the right file?" } },
		{ "%FOO\n---\nname: a\nperiod: 5\n",
			{ "1:5: YAML: found unknown directive name; correct the YAML here" } },
		{ "name: a\nchildren: &c [{supervisor: s, children: *c}]\n",
			{ "2:11: children: this list contains itself, by an alias" } },
		{ "name: &n [*n]\n", { "1:7: name: found a list" } },
		{ "name: a\nchildren: [{actor: a, exec: ./db, args: &a {x: *a}}]\n",
			{ "2:41: x: found a mapping" } },
		/* an error inside of what is shared is said once */
		{ "name: a\nchildren:\n  - {actor: a, exec: &x ./bd}\n  - {actor: b, exec: *x}\n",
			{ "3:22: no such file: $D/bd" } },
	};

	CHECK_BAD(table);
}
END_TEST

#define FAULTY(fault) \
	"name: shop\nfaults:\n- " fault "\nchildren: [{actor: db, exec: ./db}, {pool: p, exec: ./db}]\n"
#define OF_DB(fault) FAULTY("{path: /shop/db, " fault "}")

START_TEST(bad_faults)
{
	static const struct bad table[] = {
		{ FAULTY("{fault: segv}"), { "3:3: this fault has no path; name its actor" } },
		{ FAULTY("{path: /shop/db}"), { "3:3: which fault? add it, like fault: segv" } },
		{ FAULTY("segv"), { "3:3: faults: found the text \"segv\"; write each fault as a mapping" } },
		{ "name: shop\nfaults: {fault: segv}\n",
			{ "2:9: faults: found a mapping (keys with values); write a list of faults" } },
		{ FAULTY("{path: /shop/bd, fault: segv}"),
			{ "3:10: path: there is no \"/shop/bd\"; did you mean /shop/db?" } },
		{ FAULTY("{path: /shpo/db, fault: segv}"),
			{ "3:10: path: there is no \"/shpo/db\"; did you mean /shop?" } },
		{ FAULTY("{path: db, fault: segv}"), { "3:10: path: there is no \"db\"; paths begin with" } },
		{ FAULTY("{path: /shop/db/x, fault: segv}"), { "3:10: path: there is no \"/shop/db/x\"" } },
		{ FAULTY("{path: /shop/, fault: segv}"), { "3:10: path: there is no" } },
		{ FAULTY("{path: /shop, fault: segv}"),
			{ "3:10: path: \"/shop\" is a supervisor, and has no messages; name an actor" } },
		{ FAULTY("{path: /shop/p, fault: segv}"), { "3:10: path: \"/shop/p\" is a pool" } },
		{ OF_DB("fault: sevg"),
			{ "3:27: fault: there is no fault \"sevg\"; did you mean \"segv\"?" } },
		{ OF_DB("fault: exit"), { "3:27: fault: which exit? exit:0 to exit:255" } },
		{ OF_DB("fault: segv, at: ''"), { "3:37: at: is empty; write a place" } },
		{ OF_DB("fault: segv, at: x:y"), { "3:37: at: a place is a message, and perhaps which" } },
		{ OF_DB("fault: sevg, at: x:0"), { "3:27: did you mean", "3:37: at: a place is a message" } },
		{ OF_DB("fault: kill, at: x.y"), { "3:3: kill comes from outside the actor" } },
		{ OF_DB("fault: fail, at: stop"), { "3:3: fail is for what can fail" } },
		{ OF_DB("fault: segv, probability: 0.5"),
			{ "3:3: probability is for what happens again and again; add a place" } },
		{ OF_DB("fault: segv, at: x.y, probability: 1.5"),
			{ "3:55: probability: \"1.5\" is out of range; write a number from 0 to 1" } },
		{ OF_DB("fault: segv, at: x.y, probability: 0"), { "3:55: probability: never, so leave" } },
		{ OF_DB("fault: segv, at: x.y, probability: often"),
			{ "3:55: probability: \"often\" is not a number" } },
		{ OF_DB("fault: segv, at: x.y, seed: -1"),
			{ "3:48: seed: \"-1\" is none; write a whole number above 0" } },
		{ OF_DB("fault: segv, at: x.y, seed: 0"), { "3:48: seed: \"0\" is none" } },
		{ OF_DB("fualt: segv"),
			{ "3:20: unknown key \"fualt\" in the tree's faults; did you mean \"fault\"?" } },
		{ OF_DB("fault: segv}\n- {path: /shop/db, fault: segv"),
			{ "4:3: db has this fault already: segv; remove one" } },
		{ OF_DB("fault: segv, at: start}\n- {path: /shop/db, fault: slow:1, at: start"),
			{ "4:3: db has another fault at its start, and can have one only" } },
		{ "name: shop\nchildren:\n- {actor: db, exec: ./db, faults: [{path: /shop/db, fault: segv}]}\n",
			{ "3:37: \"path\" does not belong in an actor's fault; it belongs in the tree's faults" } },
		{ "name: shop\nchildren:\n- {pool: p, exec: ./db, faults: [{fault: segv}]}\n",
			{ "3:25: \"faults\" does not belong in a pool; it belongs in the tree or an actor" } },
		{ "name: shop\nchildren:\n- {actor: db, exec: ./db, faults: [{fault: slow:1}, {fault: slow:2}, {fault: slow:3}, {fault: slow:4},"
		  "{fault: slow:5}, {fault: slow:6}, {fault: slow:7}, {fault: slow:8}, {fault: slow:9}]}\n",
			{ "3:171: db has 8 faults already, and can't have more" } },
		{ "name: shop\nfaults: &f [*f]\n", { "2:9: faults: found a list" } },
	};

	CHECK_BAD(table);
}
END_TEST

START_TEST(text_with_nul)
{
	static const char text[] = "name: a\n\0: b\n";
	struct treefile_report report;
	struct spec *root = NULL;

	ck_assert_int_eq(
		treefile_parse(text, sizeof(text) - 1, "x", directory, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert(error_is(&report.errors[0], "2:1: control characters are not allowed"));
	treefile_report_free(&report);
	ck_assert_int_eq(treefile_parse(NULL, 0, "x", NULL, &report, &root), TRACTOR_EINVAL);
	ck_assert(error_is(&report.errors[0], "1:1: x is empty"));
	treefile_report_free(&report);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("treefile bad");

	WORLD_CASE(suite, "bad", 20, bad_keys, bad_children, bad_values, bad_args_and_env, bad_programs,
		program_in_a_closed_folder, bad_programs_in_path, bad_policies, plugin_of_somebody_else,
		bad_faults, bad_yaml, text_with_nul);
	return suite;
}
