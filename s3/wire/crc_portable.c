/* CRC-32C and CRC-64/NVME by tables, eight bytes per step. A CRC is linear: each table follows from
 * its eight entries for single bits, and only those are written down (made by dividing x^n by the
 * polynomial, bit by bit). */
#include "wire/crc.h"

#define BIT(n, i, v) (((n) >> (i)) & 1 ? (v) : 0)
#define E1(n, a, b, c, d, e, f, g, h)                                                              \
    BIT(n, 0, a) ^ BIT(n, 1, b) ^ BIT(n, 2, c) ^ BIT(n, 3, d) ^ BIT(n, 4, e) ^ BIT(n, 5, f) ^      \
        BIT(n, 6, g) ^ BIT(n, 7, h)
#define E4(n, ...)                                                                                 \
    E1((n), __VA_ARGS__), E1((n) + 1, __VA_ARGS__), E1((n) + 2, __VA_ARGS__),                      \
        E1((n) + 3, __VA_ARGS__)
#define E16(n, ...)                                                                                \
    E4((n), __VA_ARGS__), E4((n) + 4, __VA_ARGS__), E4((n) + 8, __VA_ARGS__),                      \
        E4((n) + 12, __VA_ARGS__)
#define E64(n, ...)                                                                                \
    E16((n), __VA_ARGS__), E16((n) + 16, __VA_ARGS__), E16((n) + 32, __VA_ARGS__),                 \
        E16((n) + 48, __VA_ARGS__)
/* The 256 entries that belong to the CRCs of 0x01, 0x02, ... 0x80. */
#define ROW(...)                                                                                   \
    {                                                                                              \
        E64(0, __VA_ARGS__), E64(64, __VA_ARGS__), E64(128, __VA_ARGS__), E64(192, __VA_ARGS__)    \
    }

/* Row k: the byte is followed by k zero bytes. */
static const uint64_t table64[8][256] = {
    ROW(0x7F6EF0C830358979, 0xFEDDE190606B12F2, 0xC962E5739841B68F, 0xA61CECB46814FE75,
        0x78E0FF3B88BE6F81, 0xF1C1FE77117CDF02, 0xD75ADABD7A6E2D6F, 0x9A6C9329AC4BC9B5),
    ROW(0x8776A97D73BDDF69, 0x3A3474A9BFEC2DB9, 0x7468E9537FD85B72, 0xE8D1D2A6FFB0B6E4,
        0xE57A831EA7F6FEA3, 0xFE2C206E177A6E2D, 0xC881668F76634F31, 0xA5DBEB4DB4510D09),
    ROW(0xFF6E4E1F4E4038BE, 0xCA05BA6DC417E217, 0xA0D25288D0B85745, 0x757D8342F9E73DE1,
        0xEAFB0685F3CE7BC2, 0xE12F2B58BF0B64EF, 0xF68770E226815AB5, 0xD9D7C79715952601),
    ROW(0x8211147CBAF96306, 0x30FB0EAA2D655567, 0x61F61D545ACAAACE, 0xC3EC3AA8B595559C,
        0xB301530233BD3853, 0x52DB80573FEDE3CD, 0xA5B700AE7FDBC79A, 0x7FB7270FA7201C5F),
    ROW(0x373D15F784905D1E, 0x6E7A2BEF0920BA3C, 0xDCF457DE12417478, 0x8D3189EF7C157B9B,
        0x2EBA358DA0BD645D, 0x5D746B1B417AC8BA, 0xBAE8D63682F59174, 0x41088A3E5D7CB183),
    ROW(0xE9742A79EF04A5D4, 0xE63172A0869ED8C3, 0xF8BBC31255AA22ED, 0xC5AEA077F3C3D6B1,
        0xBF8466BCBF103E09, 0x4BD1EB2A26B7EF79, 0x97A3D6544D6FDEF2, 0x1B9E8AFBC2482E8F),
    ROW(0xFC5D27F6BF353971, 0xCC6369BE26FDE189, 0xAC1FF52F156C5079, 0x6CE6CC0D724F3399,
        0xD9CD981AE49E6732, 0x8742166691AB5D0F, 0x3A5D0A9E7BC12975, 0x74BA153CF78252EA),
    ROW(0x21E9761E252621AC, 0x43D2EC3C4A4C4358, 0x87A5D878949886B0, 0x3B9296A271A69E0B,
        0x77252D44E34D3C16, 0xEE4A5A89C69A782C, 0xE84D9340D5A36333, 0xE44200D2F3D1550D),
};

static const uint32_t table32c[8][256] = {
    ROW(0xF26B8303, 0xE13B70F7, 0xC79A971F, 0x8AD958CF, 0x105EC76F, 0x20BD8EDE, 0x417B1DBC,
        0x82F63B78),
    ROW(0x13A29877, 0x274530EE, 0x4E8A61DC, 0x9D14C3B8, 0x3FC5F181, 0x7F8BE302, 0xFF17C604,
        0xFBC3FAF9),
    ROW(0xA541927E, 0x4F6F520D, 0x9EDEA41A, 0x38513EC5, 0x70A27D8A, 0xE144FB14, 0xC76580D9,
        0x8B277743),
    ROW(0xDD45AAB8, 0xBF672381, 0x7B2231F3, 0xF64463E6, 0xE964B13D, 0xD725148B, 0xABA65FE7,
        0x52A0C93F),
    ROW(0x38116FAC, 0x7022DF58, 0xE045BEB0, 0xC5670B91, 0x8F2261D3, 0x1BA8B557, 0x37516AAE,
        0x6EA2D55C),
    ROW(0xEF306B19, 0xDB8CA0C3, 0xB2F53777, 0x6006181F, 0xC00C303E, 0x85F4168D, 0x0E045BEB,
        0x1C08B7D6),
    ROW(0x68032CC8, 0xD0065990, 0xA5E0C5D1, 0x4E2DFD53, 0x9C5BFAA6, 0x3D5B83BD, 0x7AB7077A,
        0xF56E0EF4),
    ROW(0x493C7D27, 0x9278FA4E, 0x211D826D, 0x423B04DA, 0x847609B4, 0x0D006599, 0x1A00CB32,
        0x34019664),
};

static uint64_t load_le64(const unsigned char *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint64_t s3__crc64nvme_portable(uint64_t crc, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    crc = ~crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v = crc ^ load_le64(p);
        crc = 0;
        for (unsigned i = 0; i < 8; i++)
            crc ^= table64[7 - i][(v >> (8 * i)) & 255];
    }
    while (n--)
        crc = (crc >> 8) ^ table64[0][(crc ^ *p++) & 255];
    return ~crc;
}

uint32_t s3__crc32c_portable(uint32_t crc, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    crc = ~crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v = crc ^ load_le64(p);
        crc = 0;
        for (unsigned i = 0; i < 8; i++)
            crc ^= table32c[7 - i][(v >> (8 * i)) & 255];
    }
    while (n--)
        crc = (crc >> 8) ^ table32c[0][(crc ^ *p++) & 255];
    return ~crc;
}
