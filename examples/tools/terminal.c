/* Bytes that could steer a terminal, made visible. */
#include "terminal.h"

#include <sys/ioctl.h>

size_t terminal_character(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC2 ? 2 : 0;
    if (len == 0 || len > n || p[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool broken = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
                  (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F);
    return broken ? 0 : len;
}

bool terminal_steers(const unsigned char *p, size_t len)
{
    bool bidi = len == 3 && p[0] == 0xE2 &&
                ((p[1] == 0x80 && p[2] >= 0xAA && p[2] <= 0xAE) ||
                 (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9));
    return (len == 1 && (p[0] < 0x20 || p[0] == 0x7F)) ||
           (len == 2 && p[0] == 0xC2 && p[1] < 0xA0) || bidi;
}

size_t terminal_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : TERMINAL_WIDEST;
}

size_t terminal_put(FILE *out, struct sigv4_slice text, bool visible)
{
    const unsigned char *at = text.ptr;
    size_t shown = 0;
    for (size_t i = 0; i < text.len;) {
        size_t n = terminal_character(at + i, text.len - i), step = n ? n : 1;
        bool hide = visible && (n == 0 || terminal_steers(at + i, n));
        for (size_t k = 0; hide && k < step; k++)
            shown += (size_t)fprintf(out, "\\x%02x", at[i + k]);
        if (!hide) {
            fwrite(at + i, 1, step, out);
            shown++;
        }
        i += step;
    }
    return shown;
}
