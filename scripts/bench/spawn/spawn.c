/* spawn SLOTS COUNT PROGRAM [ARG...]: the fastest that this machine can start processes.
 *
 * Each of SLOTS threads starts the program with posix_spawn, its output on /dev/null, waits
 * for it, and starts the next, until COUNT have run. It does nothing else that a job runner
 * does, so what it reaches is the limit that eph is measured against. */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static atomic_long left;
static atomic_int failed;
static char **command;
static posix_spawn_file_actions_t to_null;

static void *slot(void *unused)
{
	(void)unused;
	while (atomic_fetch_sub(&left, 1) > 0) {
		pid_t pid;
		int status;
		int err = posix_spawn(&pid, command[0], &to_null, NULL, command, environ);
		if (err != 0) {
			fprintf(stderr, "spawn: %s: %s\n", command[0], strerror(err));
			failed = 1;
			break;
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			failed = 1;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: spawn SLOTS COUNT PROGRAM [ARG...]\n");
		return 2;
	}
	int slots = atoi(argv[1]);
	left = atol(argv[2]);
	command = argv + 3;
	if (slots < 1 || left < 0) {
		fprintf(stderr, "spawn: SLOTS and COUNT are numbers\n");
		return 2;
	}
	posix_spawn_file_actions_init(&to_null);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&to_null, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);

	pthread_t *threads = calloc(slots, sizeof *threads);
	if (threads == NULL)
		return 1;
	for (int i = 0; i < slots; i++)
		if (pthread_create(&threads[i], NULL, slot, NULL) != 0)
			return 1;
	for (int i = 0; i < slots; i++)
		pthread_join(threads[i], NULL);
	return failed;
}
