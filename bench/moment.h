#ifndef BENCH_MOMENT_H
#define BENCH_MOMENT_H
double moment_seconds(void);     /* monotonic */
double moment_cpu_seconds(void); /* user and system, of this process */
#endif
