//! Terminals: asm/termbits.h, asm/termios.h, linux/tty.h.

use super::table::Names;
use super::table::Table::{self, Enum, Flags, Mixed};

/// `c_iflag`
#[rustfmt::skip]
pub const IFLAG: &Table = &Flags(&[
    (1, "IGNBRK"), (2, "BRKINT"), (4, "IGNPAR"), (8, "PARMRK"), (0x10, "INPCK"), (0x20, "ISTRIP"), (0x40, "INLCR"),
    (0x80, "IGNCR"), (0x100, "ICRNL"), (0x200, "IUCLC"), (0x400, "IXON"), (0x800, "IXANY"), (0x1000, "IXOFF"),
    (0x2000, "IMAXBEL"), (0x4000, "IUTF8"),
]);

/// `c_oflag`
#[rustfmt::skip]
pub const OFLAG: &Table = &Mixed(&[
    (0x100, NL_DELAY), (0x600, CR_DELAY), (0x1800, TAB_DELAY), (0x2000, BS_DELAY), (0x4000, VT_DELAY),
    (0x8000, FF_DELAY),
], &[
    (1, "OPOST"), (2, "OLCUC"), (4, "ONLCR"), (8, "OCRNL"), (0x10, "ONOCR"), (0x20, "ONLRET"), (0x40, "OFILL"),
    (0x80, "OFDEL"),
]);

/// `c_oflag`: delay of new lines.
#[rustfmt::skip]
const NL_DELAY: Names = &[
    (0, "NL0"), (0x100, "NL1"),
];

/// `c_oflag`: delay of carriage returns.
#[rustfmt::skip]
const CR_DELAY: Names = &[
    (0, "CR0"), (0x200, "CR1"), (0x400, "CR2"), (0x600, "CR3"),
];

/// `c_oflag`: delay of tabs.
#[rustfmt::skip]
const TAB_DELAY: Names = &[
    (0, "TAB0"), (0x800, "TAB1"), (0x1000, "TAB2"), (0x1800, "TAB3"),
];

/// `c_oflag`: delay of backspaces.
#[rustfmt::skip]
const BS_DELAY: Names = &[
    (0, "BS0"), (0x2000, "BS1"),
];

/// `c_oflag`: delay of vertical tabs.
#[rustfmt::skip]
const VT_DELAY: Names = &[
    (0, "VT0"), (0x4000, "VT1"),
];

/// `c_oflag`: delay of form feeds.
#[rustfmt::skip]
const FF_DELAY: Names = &[
    (0, "FF0"), (0x8000, "FF1"),
];

/// `c_cflag`: speed.
#[rustfmt::skip]
const SPEED: Names = &[
    (0, "B0"), (1, "B50"), (2, "B75"), (3, "B110"), (4, "B134"), (5, "B150"), (6, "B200"), (7, "B300"), (8, "B600"),
    (9, "B1200"), (0xa, "B1800"), (0xb, "B2400"), (0xc, "B4800"), (0xd, "B9600"), (0xe, "B19200"), (0xf, "B38400"),
    (0x1001, "B57600"), (0x1002, "B115200"), (0x1003, "B230400"), (0x1004, "B460800"), (0x1005, "B500000"),
    (0x1006, "B576000"), (0x1007, "B921600"), (0x1008, "B1000000"), (0x1009, "B1152000"), (0x100a, "B1500000"),
    (0x100b, "B2000000"), (0x100c, "B2500000"), (0x100d, "B3000000"), (0x100e, "B3500000"), (0x100f, "B4000000"),
];

/// `c_cflag`: bits of a character.
#[rustfmt::skip]
const SIZE: Names = &[
    (0, "CS5"), (0x10, "CS6"), (0x20, "CS7"), (0x30, "CS8"),
];

/// `c_cflag`: flags.
#[rustfmt::skip]
pub const CFLAG: &Table = &Mixed(&[(0x100f, SPEED), (0x30, SIZE)], &[
    (0x40, "CSTOPB"), (0x80, "CREAD"), (0x100, "PARENB"), (0x200, "PARODD"), (0x400, "HUPCL"), (0x800, "CLOCAL"),
    (0x2000_0000, "ADDRB"), (0x4000_0000, "CMSPAR"), (0x8000_0000, "CRTSCTS"),
]);

/// `c_lflag`
#[rustfmt::skip]
pub const LFLAG: &Table = &Flags(&[
    (1, "ISIG"), (2, "ICANON"), (4, "XCASE"), (8, "ECHO"), (0x10, "ECHOE"), (0x20, "ECHOK"), (0x40, "ECHONL"),
    (0x80, "NOFLSH"), (0x100, "TOSTOP"), (0x8000, "IEXTEN"), (0x200, "ECHOCTL"), (0x400, "ECHOPRT"),
    (0x800, "ECHOKE"), (0x1000, "FLUSHO"), (0x4000, "PENDIN"), (0x1_0000, "EXTPROC"),
]);

/// Line disciplines.
#[rustfmt::skip]
pub const LINE: &Table = &Enum(&[
    (0, "N_TTY"), (1, "N_SLIP"), (2, "N_MOUSE"), (3, "N_PPP"), (4, "N_STRIP"), (5, "N_AX25"), (6, "N_X25"),
    (7, "N_6PACK"), (8, "N_MASC"), (9, "N_R3964"), (10, "N_PROFIBUS_FDL"), (11, "N_IRDA"), (12, "N_SMSBLOCK"),
    (13, "N_HDLC"), (14, "N_SYNC_PPP"), (15, "N_HCI"), (16, "N_GIGASET_M101"), (17, "N_SLCAN"), (18, "N_PPS"),
    (19, "N_V253"), (20, "N_CAIF"), (21, "N_GSM0710"), (22, "N_TI_WL"), (23, "N_TRACESINK"), (24, "N_TRACEROUTER"),
    (25, "N_NCI"), (26, "N_SPEAKUP"), (27, "N_NULL"), (28, "N_MCTP"), (29, "N_DEVELOPMENT"), (30, "N_CAN327"),
]);

/// `TCFLSH`
#[rustfmt::skip]
pub const FLUSH: &Table = &Enum(&[
    (0, "TCIFLUSH"), (1, "TCOFLUSH"), (2, "TCIOFLUSH"),
]);

/// `TCXONC`
#[rustfmt::skip]
pub const FLOW: &Table = &Enum(&[
    (0, "TCOOFF"), (1, "TCOON"), (2, "TCIOFF"), (3, "TCION"),
]);

/// `TIOCMGET`
#[rustfmt::skip]
pub const MODEM: &Table = &Flags(&[
    (1, "TIOCM_LE"), (2, "TIOCM_DTR"), (4, "TIOCM_RTS"), (8, "TIOCM_ST"), (0x10, "TIOCM_SR"), (0x20, "TIOCM_CTS"),
    (0x40, "TIOCM_CAR"), (0x80, "TIOCM_RNG"), (0x100, "TIOCM_DSR"), (0x2000, "TIOCM_OUT1"), (0x4000, "TIOCM_OUT2"),
    (0x8000, "TIOCM_LOOP"),
]);
