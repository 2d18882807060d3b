/* The paths for processors this one is not: the very source, with SIMDe's emulation in the place of
 * the instructions. Skipped where SIMDe is not installed. */
#include "base64_check.h"

#if defined(__x86_64__) && __has_include(<simde/x86/avx512.h>) && defined(__GNUC__)
#define EMULATED 1
#pragma GCC diagnostic ignored "-Wpsabi"
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
#include <simde/x86/avx512.h>
/* SIMDe 0.7.4 lacks two of the aliases, and one has the wrong number of arguments. */
#define AVX512
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b)              simde_mm512_madd_epi16(a, b)
#define _mm512_maskz_loadu_epi8(mask, from)  emulated_load(mask, from)
#define _mm512_mask_storeu_epi8(to, mask, v) emulated_store(to, mask, v)
__attribute__((always_inline)) static inline simde__m512i emulated_load(unsigned long long mask,
                                                                        const void *from)
{
    unsigned char bytes[64] = {0};
    for (int i = 0; i < 64; i++) {
        if (mask >> i & 1)
            bytes[i] = ((const unsigned char *)from)[i];
    }
    return simde_mm512_loadu_si512(bytes);
}
__attribute__((always_inline)) static inline void emulated_store(void *to, unsigned long long mask,
                                                                 simde__m512i v)
{
    unsigned char bytes[64];
    simde_mm512_storeu_si512(bytes, v);
    for (int i = 0; i < 64; i++) {
        if (mask >> i & 1)
            ((unsigned char *)to)[i] = bytes[i];
    }
}
#define kinesis__base64_avx512 emulated_avx512
extern const struct kinesis__base64 emulated_avx512, emulated_neon;
#include "wire/base64_avx512.c"
#define KINESIS_EMULATED_NEON
#define kinesis__base64_neon emulated_neon
#define alphabet             neon_alphabet
#define values               neon_values
#define encode               neon_encode
#define decode               neon_decode
#include "wire/base64_neon.c"
#endif

static void the_emulated_paths_work(void **state)
{
    (void)state;
#ifdef EMULATED
    const struct kinesis__base64 *const paths[] = {&emulated_avx512, &emulated_neon};
    for (size_t i = 0; i < 2; i++) {
        check_all_lengths(paths[i]);
        check_same_as(paths[i], kinesis__base64_path(0));
        check_strict(paths[i]);
    }
#else
    print_message("SKIP: SIMDe (libsimde-dev) is not installed, or this is not x86-64\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_emulated_paths_work)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
