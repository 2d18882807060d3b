#ifndef TESTS_LOCAL_SERVICE_H
#define TESTS_LOCAL_SERVICE_H
/* A klocal of the test's own on a free port, with its keys and URL in the environment. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct local_service {
    pid_t pid;
    FILE *said; /* its standard output */
};

static void local_service_keys(const char *program)
{
    char command[600], line[256];
    snprintf(command, sizeof command, "'%s' --help", program);
    FILE *help = popen(command, "r");
    while (help && fgets(line, sizeof line, help)) {
        char *name = strstr(line, "AWS_"), *equals = strchr(line, '=');
        if (!name || !equals)
            continue;
        *equals = '\0';
        equals[1 + strcspn(equals + 1, "\r\n ")] = '\0';
        setenv(name, equals + 1, 1);
    }
    if (help)
        pclose(help);
}

/* false: there is no klocal (KLOCAL), or it did not start. args: further words, NULL at the end. */
static bool local_service_start(struct local_service *s, const char *const *args)
{
    const char *program = getenv("KLOCAL");
    const char *words[32] = {program};
    char line[256];
    int out[2];
    size_t n = 1;
    for (; args && *args && n < 31; args++)
        words[n++] = *args;
    if (!program || access(program, X_OK) || pipe(out))
        return false;
    local_service_keys(program);
    s->pid = fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that crashed leaves nothing behind */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(program, (char *const *)(void *)words);
        _exit(127);
    }
    close(out[1]);
    s->said = fdopen(out[0], "r");
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    while (fgets(line, sizeof line, s->said)) {
        char *tls = strstr(line, "https://"), *url = strstr(line, "http://");
        if (tls)
            setenv("KLOCAL_TLS_URL", (tls[strcspn(tls, "\n")] = '\0', tls), 1);
        if (url) {
            url[strcspn(url, "\n")] = '\0';
            setenv("AWS_ENDPOINT_URL", url, 1);
            return true; /* the plain listener is the last line */
        }
    }
    return false;
}

/* Posts to one of klocal's own pages; false: it did not come through. */
static inline bool local_service_tell(const char *path, const char *body)
{
    const char *url = getenv("AWS_ENDPOINT_URL"); /* http://127.0.0.1:PORT */
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[8192];
    int n = snprintf(text, sizeof text,
                     "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     path, strlen(body), body);
    if (n < 0 || n >= (int)sizeof text)
        return false;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
                write(fd, text, (size_t)n) == n && read(fd, text, sizeof text - 1) > 12 &&
                strncmp(text + 9, "200", 3) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static void local_service_stop(struct local_service *s)
{
    int status;
    kill(s->pid, SIGTERM);
    waitpid(s->pid, &status, 0);
    if (s->said)
        fclose(s->said);
}
#endif
