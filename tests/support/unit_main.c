/* unit_main.c: runs the suite that the program defines; fails if any of its tests does. Knows nothing of tractor. */
#include "unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(test_suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
