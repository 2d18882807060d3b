/* bench_run COMMAND...: runs it and writes to descriptor 3 what it took, as JSON. A parent with a
 * large memory would lend its own peak to the child between fork and exec; this one is small. */
#include "moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    double began = moment_seconds();
    pid_t child = argc > 1 ? fork() : -1;
    if (child == 0) {
        close(3);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        perror("bench_run");
        return 126;
    }
    dprintf(3, "{\"wall\": %.6f, \"cpu\": %.6f, \"kib\": %ld}\n", moment_seconds() - began,
            seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
