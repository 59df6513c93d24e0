/* What the models share: terms of office and the API server's fence on the Lease.
 *
 * A write is one step: decided on what its leader has seen, accepted or not by what is stored. That
 * it is long under way is that its leader has not looked for long. No write tells its leader
 * anything: a reply that is lost and a watch that lags are one, and that it hears at once is that
 * it looks next. A leader that stands still is one whose next step comes late: it goes on as if
 * nobody had taken over, until it ends or every API server knows the next holder. */

#define LEADERS 2
#ifndef TERMS
#define TERMS 2 /* elections in all, the first included */
#endif

mtype = { Dead, Claiming, Leading };
mtype mode[LEADERS];
byte holder;          /* of the Lease */
byte elections = 1;   /* the Lease's own count */
bool all_know = true; /* no API server takes the holder before for the holder */
bool calm;            /* no crash, no end of work, no election any more */

/* env: policy-fence.yaml. A server that is late lets the holder before pass as well. */
#define not_fenced(l) (holder == l || !all_know)

#define can_be_elected(l) (mode[l] == Dead && elections < TERMS && !calm)
#define can_crash(l) (mode[l] != Dead && !calm && (holder != l || elections < TERMS))

inline elect(l) {
  holder = l;
  elections++;
  all_know = false
}
