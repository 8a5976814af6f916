/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped rules as make_ready compiled them: READY_RULES is its file (yara_ready.h). */

/* A compiler takes minutes for such an array, the assembler none. */
__asm__(".section .rodata\n"
        ".balign 16\n"
        ".global vigia_ready_rules\n"
        "vigia_ready_rules:\n"
        ".incbin \"" READY_RULES "\"\n"
        ".global vigia_ready_rules_end\n"
        "vigia_ready_rules_end:\n"
        ".byte 0\n"
        ".previous\n");
