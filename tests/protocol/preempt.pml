/* Making room: two victims give way to a workload that needs what both of them have.
 *
 * One leader at a time, which may die between any two writes: what two do to a charge at once,
 * ledger.pml says. Both devices are in one Quota; the victims hold them when it begins. A third
 * workload of one device waits behind. Stages only grow and are resourceVersions.
 * After "src" stands who does the step in C++. */

#include "server.pml"

#define JOBS 4 /* 0 and 1 give way to 2; 3 waits behind */
#define DEVICES 2
#define FIRST 2
#define LATER 3

#define WAITS 0
#define PLACED 1
#define ENDING 2
#define BACK 3 /* the placement is cleared; a victim waits again, others are done */

/* Stored. */
byte stage[JOBS];
bool nominated;     /* status.nominated of the first */
bool was_nominated; /* since a leader decided it */
byte pods[JOBS];    /* devices that its pods have */
byte used;

/* What the leader has seen, and what it remembers. */
byte saw[JOBS];
bool saw_nominated;
byte saw_used;
bool is_newest = true;
bool decided;       /* the first is to be placed where the victims are */
bool granted[JOBS];
bool covered[JOBS];
byte want;

#define size(j) (j == FIRST -> 2 : 1)
#define holds(s) (s == PLACED || s == ENDING)
#define devices(j) (holds(stage[j]) -> size(j) : 0)
#define placed (devices(0) + devices(1) + devices(2) + devices(3))
#ifdef CHARGE_PASSED_ON_AT_THE_END
#define is_charged(s) (s == PLACED)
#else
#define is_charged(s) holds(s)
#endif
#define in_books(j) ((granted[j] || is_charged(saw[j])) -> size(j) : 0)
#define ledger (in_books(0) + in_books(1) + in_books(2) + in_books(3))
#define any_open \
  ((granted[FIRST] && !covered[FIRST]) || (granted[LATER] && !covered[LATER]))

/* After every step that stores something. */
inline check() {
  assert(used <= DEVICES);
  assert(placed <= used);
  assert(pods[0] + pods[1] + pods[2] + pods[3] <= DEVICES); /* no device twice */
  assert(pods[0] <= devices(0) && pods[1] <= devices(1));
  assert(pods[2] <= devices(2) && pods[3] <= devices(3))
}

#define leads (mode[0] == Leading)

/* What is remembered is lost; what is stored is listed. src: Books::enter */
inline start_anew() {
  saw[0] = stage[0]; saw[1] = stage[1]; saw[2] = stage[2]; saw[3] = stage[3];
  saw_nominated = nominated;
  saw_used = used;
  is_newest = true;
  decided = false;
  granted[2] = false; granted[3] = false;
  covered[2] = false; covered[3] = false
}

inline see(j) {
  saw[j] = stage[j];
  if
  :: saw[j] != WAITS -> granted[j] = false; covered[j] = false
  :: else
  fi
}

#ifdef EVICTED_BEFORE_NOMINATION
#define is_told decided
#else
#define is_told (decided && saw_nominated) /* src: JobDesk::follow_nomination, Nominations::told */
#endif

#define has_room (ledger + 2 <= DEVICES) /* src: Nominations::has_room */

#ifdef PLACED_WITHOUT_CHARGE
#define is_covered(j) true
#else
#define is_covered(j) covered[j] /* src: Coverage::is_covered */
#endif

/* What a nomination is to have, nobody else is given. */
#define is_spoken_for decided /* src: Nominations::add */

#ifdef CLEARED_BEFORE_PODS_ARE_GONE
#define none_lives(j) true
#else
#define none_lives(j) (pods[j] == 0) /* src: any_live */
#endif

#define is_victim(j) (j < FIRST)

proctype GpuJob(byte j) {
end:
  do
  :: d_step { leads && saw[j] != stage[j] -> see(j) } /* src: Store::upsert */
  :: d_step { /* src: JobDesk::has_to_stop, Nominations::gives_way, end_attempt */
       leads && is_victim(j) && is_told && saw[j] == PLACED && stage[j] == PLACED ->
       assert(was_nominated); /* nobody gives way unless all can read for whom */
       stage[j] = ENDING;
       check()
     }
  :: d_step { /* src: end_attempt. It may end by itself as well. */
       leads && saw[j] == PLACED && stage[j] == PLACED && !calm -> stage[j] = ENDING; check()
     }
  :: d_step { /* src: GpuJobController::delete_pods */
       leads && saw[j] == ENDING && pods[j] > 0 -> pods[j] = 0; check()
     }
  :: d_step { /* src: finish_release */
       leads && saw[j] == ENDING && stage[j] == ENDING && none_lives(j) -> stage[j] = BACK; check()
     }
  :: d_step { /* src: JobDesk::granted, GpuJobController::write_status */
       leads && granted[j] && is_covered(j) && saw[j] == WAITS && stage[j] == WAITS ->
       stage[j] = PLACED;
       if
       :: j == FIRST -> nominated = false /* src: admit */
       :: else
       fi;
       check()
     }
  :: d_step { /* src: GpuJobController::create_workers */
       leads && saw[j] == PLACED && stage[j] == PLACED && pods[j] == 0 ->
       pods[j] = size(j);
       check()
     }
  od
}

/* The pass, and what becomes of what it decided. */
proctype Pass() {
end:
  do
  :: d_step { /* src: Scheduler::nominate, Nominations::add */
       leads && !decided && saw[FIRST] == WAITS && !granted[FIRST] && ledger + 2 > DEVICES &&
       !granted[LATER] ->
       decided = true
     }
  :: d_step { /* src: nominate, GpuJobController::write_status */
       leads && decided && !nominated && saw[FIRST] == WAITS && stage[FIRST] == WAITS ->
       nominated = true;
       was_nominated = true
     }
  :: d_step { /* src: Store::upsert */
       leads && saw_nominated != nominated -> saw_nominated = nominated
     }
  :: d_step { /* src: Nominations::take_due, JobDesk::admitted, Books::grant */
       leads && decided && has_room -> decided = false; granted[FIRST] = true
     }
  :: d_step { /* src: JobDesk::admitted */
       leads && !decided && saw[FIRST] == WAITS && !granted[FIRST] && ledger + 2 <= DEVICES ->
       granted[FIRST] = true
     }
  :: d_step { /* src: Nominations::is_chargeable, JobDesk::admitted */
       leads && saw[LATER] == WAITS && !granted[LATER] && !is_spoken_for &&
       (saw[FIRST] != WAITS || granted[FIRST] || decided) && ledger < DEVICES ->
       granted[LATER] = true
     }
  :: d_step { leads && !is_newest -> saw_used = used; is_newest = true } /* src: Store::upsert */
  :: d_step { /* src: QuotaController::reconcile, QuotaController::cover */
       leads && is_newest && (ledger != saw_used || any_open) && ledger <= DEVICES ->
       want = ledger;
       if
       :: want != used -> is_newest = false
       :: else
       fi;
       used = want;
       want = 0;
       covered[FIRST] = granted[FIRST];
       covered[LATER] = granted[LATER];
       check()
     }
  od
}

proctype Term() {
end:
  do
  :: d_step { /* src: Operator::advance */
       elections < TERMS && !calm -> elections++; start_anew()
     }
  od
}

/* When nothing can happen any more: all have had their turn, and charges are exact. */
proctype Quiet() {
  timeout;
  assert(used == placed);
  assert(stage[FIRST] == BACK && stage[LATER] == BACK && !nominated)
}

init {
  atomic {
    mode[0] = Leading;
    stage[0] = PLACED; stage[1] = PLACED;
    pods[0] = 1; pods[1] = 1;
    used = DEVICES;
    start_anew();
    run GpuJob(0); run GpuJob(1); run GpuJob(2); run GpuJob(3);
    run Pass(); run Term(); run Quiet()
  }
}
