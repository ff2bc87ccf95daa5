/*
 * Faults at the Nth call that changes a file under a folder: death, an error, a write cut short.
 *
 * Calls are caught by seccomp (SECCOMP_RET_TRAP) where they enter the kernel, not by replacing functions of the C
 * library: so nothing passes unseen, neither glibc's own stdio, through which FAISS writes, nor Rust programs that
 * make system calls themselves, as parts of tantivy do. A trapped call arrives as SIGSYS in the thread that made it; it
 * is counted, and made from here, unless it is the one that is to fail. The filter lets calls from one page of code pass,
 * which lies at a fixed address, so that children that were started under LD_PRELOAD find it there as well.
 *
 * Not seen: stores into shared mappings. Of what Karani and its libraries write, only SQLite's -shm file is such a mapping,
 * which SQLite makes anew after a crash.
 *
 * Two ways in: FAULTY_... variables with LD_PRELOAD, or faulty_arm() through ctypes in a process that runs already.
 * A filter cannot be taken away: arm a process that ends afterwards.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#if !defined(__linux__) || !defined(__x86_64__)
#error "faulty.c reads registers of x86-64 Linux"
#endif

/* What a call does; `faults.py` has the same order. */
enum kind { CREATE, OPEN, WRITE, TRUNCATE, ALLOCATE, SYNC, RENAME, UNLINK, LINK, MKDIR, COPY, KINDS };
static const char *const names[KINDS] = {"create", "open", "write", "truncate", "allocate", "sync",
                                         "rename", "unlink", "link", "mkdir", "copy"};
/* What happens at the chosen call. */
enum action { COUNT, KILL, KILL_HALFWAY, FAIL, SHORT };

#define STUB 0x7e5500000000UL
#define CHANGES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

static char folder[PATH_MAX];
static size_t folder_length;
static int action, error_number, lasting, log_fd = -1;
static unsigned mask;
static long chosen, counted;

static long raw(long number, long a, long b, long c, long d, long e, long f) {
    return ((long (*)(long, long, long, long, long, long, long))STUB)(number, a, b, c, d, e, f);
}

/* mov rax,rdi; mov rdi,rsi; mov rsi,rdx; mov rdx,rcx; mov r10,r8; mov r8,r9; mov r9,[rsp+8]; syscall; ret */
static const unsigned char stub[] = {0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x4d,
                                     0x89, 0xc2, 0x4d, 0x89, 0xc8, 0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05, 0xc3};

static int below(const char *path) {
    return strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Where a descriptor points; 0 where it is no file. */
static int path_of(long fd, char *out) {
    char link[40] = "/proc/self/fd/", digits[12];
    int length = 14, count = 0;
    if (fd < 0) return 0;
    do digits[count++] = (char)('0' + fd % 10); while (fd /= 10);
    while (count) link[length++] = digits[--count];
    link[length] = 0;
    long got = raw(SYS_readlinkat, AT_FDCWD, (long)link, (long)out, PATH_MAX - 1, 0, 0);
    if (got < 0) return 0;
    out[got] = 0;
    return out[0] == '/';
}

/* A path as a call names it, made absolute. */
static int absolute(long at, const char *path, char *out) {
    size_t length;
    if (path == NULL) return 0;
    if (path[0] == '/') {
        strncpy(out, path, PATH_MAX - 1);
        out[PATH_MAX - 1] = 0;
        return 1;
    }
    if (at == AT_FDCWD) {
        if (raw(SYS_getcwd, (long)out, PATH_MAX, 0, 0, 0, 0) < 0) return 0;
    } else if (!path_of(at, out)) {
        return 0;
    }
    length = strlen(out);
    if (length + strlen(path) + 2 > PATH_MAX) return 0;
    out[length] = '/';
    strcpy(out + length + 1, path);
    return 1;
}

static int opens(long at, const char *path, long flags, char *out) {
    if (!absolute(at, path, out) || !below(out)) return -1;
    if ((flags & O_TMPFILE) == O_TMPFILE) return CREATE;
    if (!(flags & O_CREAT)) return flags & O_TRUNC ? TRUNCATE : OPEN;
    return raw(SYS_faccessat, AT_FDCWD, (long)out, F_OK, 0, 0, 0) == 0 ? OPEN : CREATE;
}

static int by_fd(long fd, int kind, char *out) { return path_of(fd, out) && below(out) ? kind : -1; }

static int by_path(long at, long path, int kind, char *out) {
    return absolute(at, (const char *)path, out) && below(out) ? kind : -1;
}

/* What a trapped call does and to which file; -1 where it is none of ours. */
static int kind_of(long number, const greg_t *g, char *out) {
    long a = g[REG_RDI], b = g[REG_RSI], c = g[REG_RDX], d = g[REG_R10];
    switch (number) {
    case SYS_open: return opens(AT_FDCWD, (const char *)a, b, out);
    case SYS_openat: return opens((int)a, (const char *)b, c, out);
    case SYS_creat: return opens(AT_FDCWD, (const char *)a, O_CREAT, out);
    case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_pwritev2: return by_fd((int)a, WRITE, out);
    case SYS_ftruncate: return by_fd((int)a, TRUNCATE, out);
    case SYS_truncate: return by_path(AT_FDCWD, a, TRUNCATE, out);
    case SYS_fallocate: return by_fd((int)a, ALLOCATE, out);
    case SYS_fsync: case SYS_fdatasync: case SYS_sync_file_range: return by_fd((int)a, SYNC, out);
    case SYS_rename: return by_path(AT_FDCWD, b, RENAME, out);
    case SYS_renameat: case SYS_renameat2: return by_path((int)c, d, RENAME, out);
    case SYS_unlink: case SYS_rmdir: return by_path(AT_FDCWD, a, UNLINK, out);
    case SYS_unlinkat: return by_path((int)a, b, UNLINK, out);
    case SYS_link: case SYS_symlink: return by_path(AT_FDCWD, b, LINK, out);
    case SYS_linkat: return by_path((int)c, d, LINK, out);
    case SYS_symlinkat: return by_path((int)b, c, LINK, out);
    case SYS_mkdir: return by_path(AT_FDCWD, a, MKDIR, out);
    case SYS_mkdirat: return by_path((int)a, b, MKDIR, out);
    case SYS_sendfile: return by_fd((int)a, COPY, out);
    case SYS_copy_file_range: return by_fd((int)c, COPY, out);
    default: return -1;
    }
}

static int append(char *line, int length, const char *word, char end) {
    while (*word) line[length++] = *word++;
    line[length++] = end;
    return length;
}

/* One line of the log, by one write, so that lines of several threads never mix. */
static void note(long number, int kind, const char *path, const char *done) {
    char line[2 * PATH_MAX + 80], digits[24];
    int length = 0, count = 0;
    if (log_fd < 0) return;
    do digits[count++] = (char)('0' + number % 10); while (number /= 10);
    while (count) line[length++] = digits[--count];
    line[length++] = '\t';
    length = append(line, length, names[kind], '\t');
    length = append(line, length, done, '\t');
    length = append(line, length, path, '\n');
    raw(SYS_write, log_fd, (long)line, length, 0, 0, 0);
}

static long as_called(long number, const greg_t *g) {
    return raw(number, g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10], g[REG_R8], g[REG_R9]);
}

/* Half of what a write was asked for; other calls are made whole. */
static long halfway(long number, const greg_t *g) {
    struct iovec first;
    switch (number) {
    case SYS_write: case SYS_pwrite64:
        return raw(number, g[REG_RDI], g[REG_RSI], (g[REG_RDX] + 1) / 2, g[REG_R10], 0, 0);
    case SYS_writev: case SYS_pwritev: case SYS_pwritev2:
        first = *(const struct iovec *)g[REG_RSI];
        if (g[REG_RDX] < 2) first.iov_len = (first.iov_len + 1) / 2;
        return raw(number, g[REG_RDI], (long)&first, 1, g[REG_R10], g[REG_R8], g[REG_R9]);
    case SYS_sendfile:
        return raw(number, g[REG_RDI], g[REG_RSI], g[REG_RDX], (g[REG_R10] + 1) / 2, 0, 0);
    case SYS_copy_file_range:
        return raw(number, g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10], (g[REG_R8] + 1) / 2, g[REG_R9]);
    default: return as_called(number, g);
    }
}

static void die(void) {
    raw(SYS_kill, raw(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
    for (;;) raw(SYS_pause, 0, 0, 0, 0, 0, 0);
}

static void trapped(int signal, siginfo_t *info, void *context) {
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    char path[2 * PATH_MAX];
    long number = info->si_syscall;
    int kind = kind_of(number, g, path);
    (void)signal;
    if (kind >= 0 && (mask >> kind & 1)) {
        long now = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
        int struck = now == chosen || (lasting && chosen && now > chosen);
        note(now, kind, path, struck ? "struck" : "made");
        if (struck && action == KILL) die();
        if (struck && action == KILL_HALFWAY) { halfway(number, g); die(); }
        if (struck && action == FAIL) { g[REG_RAX] = -error_number; return; }
        if (struck && action == SHORT) { g[REG_RAX] = halfway(number, g); return; }
    }
    g[REG_RAX] = as_called(number, g);
}

static int trap_calls(void) {
    static const int calls[] = {
        SYS_creat, SYS_write, SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_pwritev2, SYS_ftruncate, SYS_truncate,
        SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_rename, SYS_renameat, SYS_renameat2,
        SYS_unlink, SYS_rmdir, SYS_unlinkat, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_mkdir, SYS_mkdirat,
        SYS_sendfile, SYS_copy_file_range};
    struct sock_filter code[128];
    unsigned short n = 0;
    const struct { int number, flags; } opening[] = {{SYS_open, 1}, {SYS_openat, 2}};
#define ADD(...) code[n++] = (struct sock_filter)__VA_ARGS__
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STUB >> 32, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
    }
    for (size_t i = 0; i < 2; i++) {
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)opening[i].number, 0, 4));
        ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(offsetof(struct seccomp_data, args) + 8 * opening[i].flags)));
        ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CHANGES, 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    struct sock_fprog program = {n, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) ? errno : 0;
}

/* The page that calls pass from, and the handler; a child that inherited the filter needs no other. */
static int catch_calls(void) {
    struct sigaction caught = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    void *page = mmap((void *)STUB, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == MAP_FAILED) return errno;
    memcpy(page, stub, sizeof stub);
    return sigaction(SIGSYS, &caught, NULL) ? errno : 0;
}

/*
 * From now on count the calls of the kinds in `kinds` that change what lies under `under` (absolute, no links in it), and
 * do `what` at the `at`th (from 1; 0: never), with `error` where it fails, and at all later ones where `from_then_on`.
 * `log` names a file that takes a line a call: number, kind, "made" or "struck", path. Gives 0, or errno.
 */
int faulty_arm(const char *under, int what, int error, unsigned kinds, long at, int from_then_on, const char *log) {
    int failed = catch_calls();
    if (failed) return failed;
    folder_length = strlen(under);
    if (folder_length >= PATH_MAX) return ENAMETOOLONG;
    strcpy(folder, under);
    action = what;
    error_number = error;
    mask = kinds;
    chosen = at;
    lasting = from_then_on;
    if (log && *log) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0) return errno;
        log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
        close(fd);
    }
    return trap_calls();
}

/* How many calls were counted so far. */
long faulty_count(void) { return counted; }

__attribute__((constructor)) static void preloaded(void) {
    const char *under = getenv("FAULTY_FOLDER");
    int what, error, from_then_on, failed;
    unsigned kinds;
    long at;
    if (under == NULL) return;
    if (sscanf(getenv("FAULTY") ? getenv("FAULTY") : "", "%d %d %u %ld %d", &what, &error, &kinds, &at, &from_then_on) != 5) {
        fprintf(stderr, "faulty: FAULTY wants: action error kinds at lasting\n");
        _exit(2);
    }
    failed = faulty_arm(under, what, error, kinds, at, from_then_on, getenv("FAULTY_LOG"));
    if (failed) {
        fprintf(stderr, "faulty: %s\n", strerror(failed));
        _exit(2);
    }
}
