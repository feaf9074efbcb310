/*
 * A plugin of QEMU's user-mode emulator that counts the instructions of the emulated program.  The program marks the
 * places where it wants to know the count: with the system call getpgid of a negative process id, which does nothing
 * but fail.  For each mark the plugin writes a line "CODE COUNT" to the file of its argument out=FILE.
 *
 * It uses the plugin interface of QEMU 7.2 (version 1).  Debian does not package the header of that interface, so the
 * few declarations that are needed stand here.  All threads share one count without a lock: one thread must do the work.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
enum { INLINE_ADD_U64 };

int qemu_plugin_version = 1;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *target, uint64_t value);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                          void (*call)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t,
                                                       uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));

/* getpgid among the system calls of 64-bit ARM. */
enum { GETPGID = 155 };

static uint64_t instructions;
static FILE *out;

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &instructions, qemu_plugin_tb_n_insns(block));
}

static void on_system_call(qemu_plugin_id_t id, unsigned core, int64_t number, uint64_t pid, uint64_t b, uint64_t c,
                           uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    (void)id, (void)core, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    int32_t code = -(int32_t)pid;
    if (number == GETPGID && code > 0) {
        fprintf(out, "%" PRId32 " %" PRIu64 "\n", code, instructions);
        fflush(out);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                                               char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0 || (out = fopen(argv[0] + 4, "w")) == NULL) {
        fprintf(stderr, "expected out=FILE, a file that can be written\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
    return 0;
}
