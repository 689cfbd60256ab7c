/*
 * states.h: the interesting states: what a run must reach to be worth something. REACHED(name) counts one.
 * X(name, words).
 */
#ifndef TRACTOR_TESTS_SIMULATOR_STATES_H
#define TRACTOR_TESTS_SIMULATOR_STATES_H

/* clang-format off */
#define STATES(X)                                                                          \
	/* ends, by what they mean */                                                      \
	X(DEATH_PERMANENT,	"a permanent child died and is restarted")                 \
	X(DEATH_TRANSIENT,	"a transient child died and is restarted")                 \
	X(TRANSIENT_NORMAL,	"a transient child ended normally and stays down")         \
	X(TEMPORARY_FORGOTTEN,	"a temporary child ended and is forgotten")                \
	X(PERMANENT_FAILURE,	"a child said that it will never work")                    \
	X(START_IGNORED,	"a child is not needed")                                   \
	X(START_ROLLED_BACK,	"a first start failed, and its supervisor with it")        \
	X(START_REFUSED,	"a commanded start failed")                                \
	X(ADD_REFUSED,		"what was added did not come up and is forgotten")         \
	X(RETRY,		"a restart failed and is tried again")                     \
	X(END_IN_STOP,		"an own end that is part of a stop")                       \
	X(END_BEFORE_TURN,	"... before its turn to stop had come")                    \
	X(SUPERVISOR_DIED,	"a supervisor ended and is restarted")                     \
	X(POOL_DIED,		"a pool gave up and is restarted")                         \
	/* strategies */                                                                   \
	X(ONE_FOR_ONE,		"one_for_one")                                             \
	X(ONE_FOR_ALL,		"one_for_all")                                             \
	X(REST_FOR_ONE,		"rest_for_one")                                            \
	X(POOL_RESTART,		"a pool's member is restarted")                            \
	X(BYSTANDER_TEMPORARY,	"a temporary bystander is forgotten")                      \
	X(BYSTANDER_STOPPED,	"a group's restart brings up one that was down")           \
	X(GROUP_AGAIN,		"a second death in the middle of a group's restart")       \
	X(GROUP_RETRY,		"a failed start in the middle of a group's restart")       \
	X(RETURNED,		"a forgotten child of the spec is back with its supervisor") \
	X(RESTART_ABANDONED,	"a group's restart ends with the child that it had come to") \
	/* intensity */                                                                    \
	X(GIVES_UP_0,		"gives up with intensity 0")                               \
	X(GIVES_UP_MORE,	"gives up with intensity 1 to 4")                          \
	X(GIVES_UP_5,		"gives up with intensity 5")                               \
	X(WINDOW_FULL,		"a restart was the last one that the window allows")       \
	X(WINDOW_SLID,		"a restart was allowed because an older one is outside")   \
	X(WINDOW_EDGE,		"a restart exactly as old as the period still counts")     \
	X(GIVES_UP_STARTING,	"gives up while it still starts")                          \
	X(ROOT_GAVE_UP,		"the root gave up")                                        \
	X(ESCALATED_DEEP,	"the root gave up because of something three levels below") \
	/* auto_shutdown */                                                                \
	X(ANY_SIGNIFICANT,	"any_significant")                                         \
	X(ALL_SIGNIFICANT,	"all_significant: the last one")                           \
	X(SIGNIFICANT_LEFT,	"all_significant: not the last one")                       \
	X(AUTO_SHUTDOWN_STARTING, "auto_shutdown while it still starts")                   \
	/* verdicts */                                                                     \
	X(VERDICT_RESTART,	"a policy wants a restart that the type would not give")   \
	X(VERDICT_AFTER,	"a policy says when")                                      \
	X(VERDICT_STOP,		"a policy wants no restart")                               \
	X(VERDICT_ESCALATE,	"a policy escalates")                                      \
	X(VERDICT_UNHEARD,	"a verdict about an end that was ordered, or a first start") \
	/* time */                                                                         \
	X(DELAY,		"a restart waits")                                         \
	X(DELAY_GREW,		"... longer than the last one")                            \
	X(DELAY_RESET,		"... not so long again")                                   \
	X(START_LIMIT,		"a start took too long")                                   \
	X(STOP_LIMIT,		"a stop took too long")                                    \
	X(STOP_UNREADY,		"asked to stop before it was ready, and its start limit is the shorter one") \
	X(STOP_UNREADY_LIMIT,	"... and is over")                                         \
	X(STOP_READY,		"... and it is ready after all")                           \
	X(SUPERVISOR_LIMIT,	"a supervisor's stop took too long")                       \
	X(SHUTDOWN_KILL,	"shutdown: kill")                                          \
	X(SHUTDOWN_INFINITY,	"shutdown: infinity")                                      \
	X(SHIFTED,		"time was given back while something was due")             \
	X(MANY_AT_ONCE,		"many events in one instant")                              \
	/* commands */                                                                     \
	X(COMMAND_START,	"start")                                                   \
	X(COMMAND_TERMINATE,	"terminate")                                               \
	X(COMMAND_TERMINATE_ROOT, "... the root")                                          \
	X(COMMAND_KILL,		"kill")                                                    \
	X(COMMAND_RESTART,	"restart")                                                 \
	X(COMMAND_RESTART_WAITING, "... what waits for its delay")                         \
	X(COMMAND_RESTART_ROOT,	"... the root")                                            \
	X(COMMAND_ADD,		"add")                                                     \
	X(COMMAND_ADD_TREE,	"... a supervisor with children")                          \
	X(COMMAND_REMOVE,	"remove")                                                  \
	X(COMMAND_REPLACED,	"a command replaces one that waits")                       \
	X(COMMAND_IN_GROUP,	"a commanded start has its turn in a group's restart")     \
	X(COMMAND_MOOT,		"a command has become moot before it was handled")         \
	X(REFUSED_EXISTS,	"refused: it exists, or runs")                             \
	X(REFUSED_CLOSED,	"refused: its parent is not running")                      \
	X(REFUSED_INVALID,	"refused: not allowed there")                              \
	X(REFUSED_FULL,		"refused: the pool is full")                               \
	X(INSISTED,		"told to go while it came down by itself")                 \
	X(KILLED_WHILE_FALLING,	"... and killed with all below it")                        \
	/* reloads */                                                                      \
	X(RELOAD,		"a reload")                                                \
	X(RELOAD_NOTHING,	"... that changes nothing")                                \
	X(RELOAD_PART,		"... of a part of the tree")                               \
	X(RELOAD_DRY,		"... that is only said")                                   \
	X(RELOAD_IN_GROUP,	"... in the middle of a group's restart")                  \
	X(RELOAD_IN_START,	"... while something starts")                              \
	X(RELOAD_IN_STOP,	"... while something stops")                               \
	X(RELOAD_IN_DELAY,	"... while something waits for its delay")                 \
	X(RELOAD_IN_LINE,	"... while somebody stands in line")                       \
	X(RELOAD_IN_EVENTS,	"... while events wait")                                   \
	X(RELOAD_ADDED,		"a reload adds a child")                                   \
	X(RELOAD_ADDED_TREE,	"... a supervisor with children")                          \
	X(RELOAD_ADDED_STARTING, "... below one that is coming up")                        \
	X(RELOAD_ADDED_STOPPING, "... below one that is going down")                       \
	X(RELOAD_ADDED_DOWN,	"... below one that is down")                              \
	X(RELOAD_ADDED_FORGOTTEN, "... below one that is forgotten")                       \
	X(RELOAD_ADDED_FAILED,	"... which does not come up")                              \
	X(RELOAD_ROLLED_BACK,	"... or does not, and its supervisor's start fails with it") \
	X(RELOAD_REMOVED,	"a reload removes a child")                                \
	X(RELOAD_REMOVED_TREE,	"... a supervisor with children")                          \
	X(RELOAD_REMOVED_STOPPED, "... that is down")                                      \
	X(RELOAD_REMOVED_WAITING, "... that waits for its delay")                          \
	X(RELOAD_REMOVED_STARTING, "... that is starting")                                 \
	X(RELOAD_REMOVED_STOPPING, "... that is stopping")                                 \
	X(RELOAD_REMOVED_DEAD,	"... that has just died")                                  \
	X(RELOAD_RESTARTED,	"a reload restarts a child")                               \
	X(RELOAD_RESTARTED_WAITING, "... that waits for its delay")                        \
	X(RELOAD_RESTARTED_STARTING, "... that is starting")                               \
	X(RELOAD_RESTARTED_STOPPING, "... that is being restarted already")                \
	X(RELOAD_RESTARTED_DEAD, "... that has just died")                                 \
	X(RELOAD_PASSED,	"... that waited on, its turn to be stopped having come")  \
	X(RELOAD_CHANGED,	"a reload changes a child that needs no restart for it")   \
	X(RELOAD_NEXT_START,	"... or has no process that would")                        \
	X(RELOAD_TEMPLATE,	"... a pool's template, and with it its members'")         \
	X(RELOAD_FORGOTTEN,	"... one that is forgotten, and stays so")                 \
	X(RELOAD_ADOPTED,	"what was added is the file's")                            \
	X(RELOAD_LOWERED,	"more restarts are behind it than are allowed from now on") \
	X(RELOAD_ORDER,		"the children stand in another order")                     \
	X(RELOAD_ORDER_LATE,	"... once those that had to go have gone")                 \
	X(RELOAD_DEATH,		"a restart in the middle of a reload")                     \
	X(RELOAD_COMMAND,	"a command for one whom a reload waits for")               \
	X(RELOAD_COMMAND_DOOMED, "... or has given up")                                    \
	X(RELOAD_SHUTDOWN,	"the tree is shut down in the middle of a reload")         \
	X(RELOAD_REFUSED_AGAIN,	"refused: a reload is going on")                           \
	X(RELOAD_REFUSED_CLOSED, "refused: it is not running")                             \
	X(RELOAD_REFUSED_FAULTY, "refused: nothing that the tree may be")                  \
	X(RELOAD_REFUSED_MEMORY, "refused: there is no memory for all that is new")        \
	/* events */                                                                       \
	X(STALE,		"an event of an incarnation that is over")                 \
	X(READY_TOO_LATE,	"ready after the start limit")                             \
	X(READY_WHILE_STOPPING,	"ready while it is asked to stop")                         \
	/* starts (the gate) */                                                            \
	X(HELD_FOR_ROOM,	"a start is held back: too many are under way")            \
	X(HELD_FOR_HOST,	"a restart is held back: the host has nothing")            \
	X(HOST_REFUSED,		"the host refused a restart")                              \
	X(HOST_REFUSED_AGAIN,	"... while its delay ran")                                 \
	X(HOST_DELAY_GREW,	"... and the delay grew")                                  \
	X(HOST_REFUSED_START,	"the host refused a start that is no restart")             \
	/* ends of lives */                                                                \
	X(DEAF_SHUTDOWN,	"a shutdown to which nobody listens")                      \
	X(WHOLE,		"whole again after the faults")                            \
	X(OUTCOME_TERMINATED,	"a tree was terminated")                                   \
	X(OUTCOME_AUTO,		"a tree shut down by itself")                              \
	X(OUTCOME_START_FAILED,	"a tree did not come up")
/* clang-format on */

enum state_reached {
#define STATE_CONSTANT(name, words) REACHED_##name,
	STATES(STATE_CONSTANT)
#undef STATE_CONSTANT
		STATE_COUNT
};

#endif
