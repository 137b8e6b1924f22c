/* Looks for byte runs: `scan PATTERNS < DATA` prints the number of each pattern that it finds, and
 * where. PATTERNS is a file of patterns, each after its length in four bytes, least significant
 * first; each has eight bytes at least. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 20, BLOCK = 1 << 22 };

struct pattern {
    uint32_t number, length;
    struct pattern *next;
    unsigned char bytes[];
};

static struct pattern *buckets[BUCKETS];
static size_t longest;

static uint32_t bucket(const unsigned char *bytes) {
    uint64_t first;
    memcpy(&first, bytes, sizeof first);
    return (first * 0x9e3779b97f4a7c15) >> 44;
}

static void add(FILE *file, uint32_t number, uint32_t length) {
    struct pattern *one = malloc(sizeof *one + length);
    if (!one || length < 8 || fread(one->bytes, 1, length, file) != length) exit(2);
    one->number = number;
    one->length = length;
    struct pattern **slot = &buckets[bucket(one->bytes)];
    one->next = *slot;
    *slot = one;
    if (length > longest) longest = length;
}

int main(int count, char **arguments) {
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (!file) return 2;
    unsigned char size[4];
    for (uint32_t number = 0; fread(size, 1, 4, file) == 4; number++)
        add(file, number, size[0] | size[1] << 8 | size[2] << 16 | (uint32_t)size[3] << 24);
    unsigned char *data = malloc(BLOCK + longest);
    if (!data || !longest) return 2;
    size_t held = 0, read;
    unsigned long long offset = 0;
    /* The end of a block is looked at again with the next one. */
    while ((read = fread(data + held, 1, BLOCK, stdin)) > 0) {
        size_t all = held + read;
        for (size_t at = 0; at + 8 <= all; at++)
            for (struct pattern *one = buckets[bucket(data + at)]; one; one = one->next)
                if (one->length <= all - at && !memcmp(one->bytes, data + at, one->length))
                    printf("%u %llu\n", one->number, offset + at);
        size_t kept = all < longest - 1 ? all : longest - 1;
        memmove(data, data + all - kept, kept);
        offset += all - kept;
        held = kept;
    }
    return 0;
}
