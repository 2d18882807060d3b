#ifndef KBENCH_H
#define KBENCH_H
/* The tool's commands: argv[0] is the command's name. Each returns the exit code. */
int kbench_path(int argc, char **argv);
int kbench_compare(int argc, char **argv);
int kbench_put(int argc, char **argv);
int kbench_get(int argc, char **argv);
int kbench_s3(int argc, char **argv);
#endif
