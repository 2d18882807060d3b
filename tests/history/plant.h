#ifndef HISTORY_PLANT_H
#define HISTORY_PLANT_H
/* Mistakes built into the libraries under test, by the linker's --wrap: off until they are wanted.
 * The names are in CMakeLists.txt. */
enum plant {
    PLANTED_NOTHING,
    PLANTED_RESEND,    /* after a partial failure the whole batch goes again */
    PLANTED_SWAP,      /* two records of a request get each other's result */
    PLANTED_UNORDERED, /* nothing waits for the record of its key that went before */
    PLANTED_SKIP,      /* a new iterator begins one record too late */
    PLANTED_EARLY,     /* children do not wait for their parents */
    PLANTED_AHEAD,     /* a checkpoint says what was fetched, not what was delivered */
    PLANTED_REPEAT     /* a page is read again */
};
extern enum plant plant_now;
extern unsigned
    plant_times; /* how often it may still act: what is sent again and again never ends */
#endif
