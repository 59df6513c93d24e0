/* The ledger under two leaders: charge, placement, pod and back, over changes of leader.
 *
 * Three workloads of one device in a leaf Quota with a parent, LIMIT devices in each. A workload's
 * stage only grows, so it is its resourceVersion too: a write is accepted when the stage seen is
 * the stage stored. Of a Quota a bit says whether the version seen is the one stored.
 * After "src" stands who does the step in C++. */

#include "server.pml"

#define JOBS 3
#define QUOTAS 2 /* 0 is the leaf, 1 its parent */
#define LIMIT 2

#define WAITS 0
#define PLACED 1 /* status.placement is written */
#define OVER 2   /* the placement is cleared again; how, attempts.pml says */

/* Stored. */
byte stage[JOBS];
byte used[QUOTAS];
byte epoch[QUOTAS] = 1;

/* What a leader has seen, and what it remembers. */
typedef Leader {
  byte stage[JOBS];
  byte used[QUOTAS];
  byte epoch_seen[QUOTAS];
  bool is_newest[QUOTAS]; /* nobody has written the Quota since */
  bool in_doubt[QUOTAS];  /* it has, and has not heard of it */
  byte epoch;             /* its own */
  bool is_mine[QUOTAS];   /* it has heard that it wrote that epoch there */
  bool granted[JOBS];
  bool on_leaf[JOBS];     /* the grant is charged there, */
  bool on_parent[JOBS];   /* and there */
  byte kept;              /* devices charged without a reason */
};
Leader leader[LEADERS];
#define L leader[l]
#define larger(a, b) (a > b -> a : b)
byte want; /* within one step; 0 between steps */

#define holds(s) (s == PLACED)
#define placed (holds(stage[0]) + holds(stage[1]) + holds(stage[2]))

/* After every step that stores something. */
inline check() {
  assert(used[0] <= LIMIT && used[1] <= LIMIT);  /* never above the limit */
  assert(placed <= used[0] && placed <= used[1]) /* a charge covers every placement */
}

#define in_books(j) (L.granted[j] || holds(L.stage[j]))
#define ledger (in_books(0) + in_books(1) + in_books(2) + L.kept)

inline drop_grant(l, j) {
  L.granted[j] = false;
  L.on_leaf[j] = false;
  L.on_parent[j] = false
}

inline see_job(l, j) {
  L.stage[j] = stage[j];
  if
  :: stage[j] != WAITS -> drop_grant(l, j) /* src: Books::on_job */
  :: else
  fi
}

inline see_quota(l, q) {
  L.used[q] = used[q];
  L.epoch_seen[q] = epoch[q];
  L.is_newest[q] = true;
  L.in_doubt[q] = false
}

/* The leader's process is gone, and with it what it remembers. */
inline forget(l) {
  mode[l] = Dead;
  L.epoch = 0;
  L.is_mine[0] = false; L.is_mine[1] = false;
  L.in_doubt[0] = false; L.in_doubt[1] = false;
  L.kept = 0;
  L.stage[0] = WAITS; L.stage[1] = WAITS; L.stage[2] = WAITS;
  drop_grant(l, 0); drop_grant(l, 1); drop_grant(l, 2);
  L.used[0] = 0; L.epoch_seen[0] = 0; L.is_newest[0] = false;
  L.used[1] = 0; L.epoch_seen[1] = 0; L.is_newest[1] = false
}

/* Once it leads, nothing is decided on a version that is not the newest: what it said need not be
 * kept. */
#if defined(BLIND_CHARGE) || defined(COVERED_IN_DOUBT) || defined(COVERED_BY_WHO_LED)
#define keep_old(l, value) value
#else
#define keep_old(l, value) (mode[l] == Claiming -> value : 0)
#endif

inline outdate(l, q) {
  L.used[q] = keep_old(l, L.used[q]);
  L.epoch_seen[q] = keep_old(l, L.epoch_seen[q]);
  L.is_newest[q] = false
}

inline store_quota(q, now_used, now_epoch) {
  assert(now_epoch >= epoch[q]);
  used[q] = now_used;
  epoch[q] = now_epoch;
  outdate(0, q);
  outdate(1, q);
  check()
}

/* The server's part in a write of a Quota: the version, and the rules at the root of the kind. */
#define epoch_may_be(q, e) (e >= epoch[q])                        /* src: keeps_epoch */
#define used_may_be(q, u) (u <= LIMIT || u <= used[q])            /* src: keeps_use_within_limits */
#ifdef BLIND_CHARGE
#define swaps(l, q) not_fenced(l)
#else
#define swaps(l, q) (L.is_newest[q] && not_fenced(l)) /* src: status_write */
#endif

#ifdef SUPERSEDED_GOES_ON
#define is_superseded(q) false
#define adopt_epoch(q) L.epoch = larger(L.epoch, L.epoch_seen[q])
#else
#define is_superseded(q) (L.epoch_seen[q] > L.epoch) /* src: QuotaController::is_superseded */
#define adopt_epoch(q) skip
#endif

/* What the ledger asks of the Quota, cut to what the server would accept. src: use_of */
#define most(q) (L.used[q] > LIMIT -> L.used[q] : LIMIT)
#define wanted(q) (ledger > most(q) -> most(q) : ledger)

#define covered_on(j, q) (q == 0 -> L.on_leaf[j] : L.on_parent[j])
#define is_open(j, q) (L.granted[j] && !covered_on(j, q))
#define any_open(q) (is_open(0, q) || is_open(1, q) || is_open(2, q))
#define is_too_much(q) (ledger > most(q) && any_open(q))

inline cover(l, q) {
  if
  :: q == 0 -> L.on_leaf[0] = L.granted[0]; L.on_leaf[1] = L.granted[1];
               L.on_leaf[2] = L.granted[2]
  :: else -> L.on_parent[0] = L.granted[0]; L.on_parent[1] = L.granted[1];
             L.on_parent[2] = L.granted[2]
  fi
}

inline take_back_open(l, j, q) {
  if
  :: is_open(j, q) -> drop_grant(l, j)
  :: else
  fi
}

/* That what was seen is what is stored: no other can lead yet, and its own writes are answered. */
#ifdef COVERED_IN_DOUBT
#define is_certain(l, q) (holder == l)
#elif defined(COVERED_BY_WHO_LED)
#define is_certain(l, q) (!L.in_doubt[q])
#else
#define is_certain(l, q) (holder == l && !L.in_doubt[q]) /* src: QuotaController::is_certain */
#endif
#if !defined(COVERED_IN_DOUBT) && !defined(COVERED_BY_WHO_LED)
#define check_certain(l, q) assert(L.is_newest[q])
#else
#define check_certain(l, q) skip
#endif

/* Claims that cross or whose reply is lost are many orders, so they are tried by themselves: once
 * each, but that one begins again as often as it takes once no other can write. */
byte again;
byte lost;
#ifdef CLAIMS_GO_WRONG
#define may_cross (again < 1)
#else
#define may_cross false
#endif
#define can_claim(l, q) \
  (mode[l] == Claiming && L.epoch_seen[q] < L.epoch && swaps(l, q) && epoch_may_be(q, L.epoch))
#ifdef EPOCH_OF_ANOTHER
#define is_of_another(l, q) false
#else
#define is_of_another(l, q) \
  (L.is_newest[q] && (L.epoch_seen[q] > L.epoch || (L.epoch_seen[q] == L.epoch && !L.is_mine[q])))
#endif
#define above_all_seen larger(larger(L.epoch_seen[0], L.epoch_seen[1]), L.epoch) + 1

/* One Quota, as one leader sees to it. */
proctype Quota(byte l; byte q) {
end:
  do
  :: d_step { mode[l] != Dead && !L.is_newest[q] -> see_quota(l, q) } /* src: Store::upsert */
  :: d_step { /* src: EpochClaim::reconcile */
       can_claim(l, q) ->
       store_quota(q, L.used[q], L.epoch);
       see_quota(l, q);
       L.is_mine[q] = true
     }
#ifdef CLAIMS_GO_WRONG
  :: d_step { /* the same, and the reply is lost */
       can_claim(l, q) && lost < 1 ->
       lost++;
       store_quota(q, L.used[q], L.epoch)
     }
#endif
  :: d_step { /* src: EpochClaim::reconcile, EpochClaim::begin */
       mode[l] == Claiming && is_of_another(l, q) && (may_cross || all_know) ->
       again = (all_know -> again : again + 1);
       L.epoch = above_all_seen;
       L.is_mine[0] = false; L.is_mine[1] = false
     }
  :: d_step { /* src: QuotaController::take_back_uncharged */
       mode[l] == Leading && L.is_newest[q] && !is_superseded(q) && is_too_much(q) ->
       take_back_open(l, 0, q); take_back_open(l, 1, q); take_back_open(l, 2, q)
     }
  :: d_step { /* src: QuotaController::reconcile, QuotaController::cover */
       mode[l] == Leading && !is_superseded(q) && !is_too_much(q) &&
       (wanted(q) != L.used[q] || any_open(q)) && swaps(l, q) &&
       epoch_may_be(q, larger(L.epoch, L.epoch_seen[q])) && used_may_be(q, wanted(q)) ->
       want = wanted(q);
       adopt_epoch(q);
       if
       :: want != used[q] || L.epoch != epoch[q] ->
          store_quota(q, want, L.epoch);
          L.in_doubt[q] = true
       :: else /* an update that changes nothing makes no new version */
       fi;
       want = 0;
       cover(l, q)
     }
  :: d_step { /* src: QuotaController::reconcile, QuotaController::cover. Without a write. */
       mode[l] == Leading && !is_superseded(q) && any_open(q) && L.used[q] >= wanted(q) &&
       !is_too_much(q) && is_certain(l, q) ->
       check_certain(l, q);
       cover(l, q)
     }
  od
}

#ifdef PLACEMENT_BEFORE_CHARGE
#define is_told(j) true
#elif defined(COVERED_BY_THE_LEAF_ALONE)
#define is_told(j) L.on_leaf[j]
#else
#define is_told(j) (L.on_leaf[j] && L.on_parent[j]) /* src: Coverage::is_covered */
#endif

/* The workloads are alike: of those in the same state only the first does anything. */
#define same_for(a, j, k) \
  (leader[a].stage[j] == leader[a].stage[k] && leader[a].granted[j] == leader[a].granted[k] && \
   leader[a].on_leaf[j] == leader[a].on_leaf[k] && leader[a].on_parent[j] == leader[a].on_parent[k])
#define same(j, k) (stage[j] == stage[k] && same_for(0, j, k) && same_for(1, j, k))
#define is_first(j) ((j == 0 || !same(0, j)) && (j != 2 || !same(1, 2)))

/* One workload, as one leader sees to it. */
proctype GpuJob(byte l; byte j) {
end:
  do
  :: d_step { /* src: Store::upsert */
       mode[l] == Leading && L.stage[j] != stage[j] && is_first(j) -> see_job(l, j)
     }
  :: d_step { /* src: Scheduler::hand_back, JobDesk::admitted, Books::grant */
       mode[l] == Leading && L.stage[j] == WAITS && !L.granted[j] && ledger < LIMIT &&
       is_first(j) ->
       L.granted[j] = true
     }
  :: d_step { /* src: JobDesk::granted, GpuJobController::write_status */
       mode[l] == Leading && L.granted[j] && is_told(j) && stage[j] == WAITS && is_first(j) &&
       not_fenced(l) ->
       stage[j] = PLACED;
       check()
     }
  :: d_step { /* src: finish_release, GpuJobController::write_status */
       mode[l] == Leading && L.stage[j] == PLACED && stage[j] == PLACED && not_fenced(l) &&
       !calm && is_first(j) ->
       stage[j] = OVER;
       check()
     }
  od
}

#ifdef EPOCH_OF_ANOTHER
#define has_claimed \
  (L.is_newest[0] && L.is_newest[1] && L.epoch_seen[0] >= L.epoch && L.epoch_seen[1] >= L.epoch)
#else /* src: EpochClaim::is_done */
#define is_claimed(q) (L.is_mine[q] && (!L.is_newest[q] || L.epoch_seen[q] == L.epoch))
#define has_claimed (is_claimed(0) && is_claimed(1))
#endif
#define unexplained (L.used[0] > ledger -> L.used[0] - ledger : 0)

#ifdef LATE_FOR_EVER
#define a_lease_has_passed(l) true
#elif defined(WATCH_LAGS_A_LEASE)
#define a_lease_has_passed(l) all_know
#else
#define a_lease_has_passed(l) \
  (all_know && L.stage[0] == stage[0] && L.stage[1] == stage[1] && L.stage[2] == stage[2])
#endif

inline claim(l) {
  see_quota(l, 0);
  see_quota(l, 1);
  mode[l] = Claiming;
#ifdef NO_NEW_EPOCH
  L.epoch = larger(epoch[0], epoch[1])
#else
  L.epoch = above_all_seen
#endif
}

/* The life of one leader's process, and of those of its place after it. */
proctype Term(byte l) {
end:
  do
  :: d_step { /* src: Election::lease_to_write, EpochClaim::begin */
       can_be_elected(l) ->
       elect(l);
       claim(l)
     }
  :: d_step { /* src: Operator::advance, EpochClaim::is_done, Books::keep_unexplained */
       mode[l] == Claiming && has_claimed ->
       mode[l] = Leading;
       see_job(l, 0); see_job(l, 1); see_job(l, 2);
#ifndef LOWERED_AT_ONCE
       L.kept = unexplained;
#endif
       L.is_mine[0] = false; L.is_mine[1] = false;
       L.used[0] = (L.is_newest[0] -> L.used[0] : keep_old(l, L.used[0]));
       L.used[1] = (L.is_newest[1] -> L.used[1] : keep_old(l, L.used[1]));
       L.epoch_seen[0] = (L.is_newest[0] -> L.epoch_seen[0] : keep_old(l, L.epoch_seen[0]));
       L.epoch_seen[1] = (L.is_newest[1] -> L.epoch_seen[1] : keep_old(l, L.epoch_seen[1]))
     }
  :: d_step { /* src: Books::forgive_unexplained */
       mode[l] == Leading && L.kept > 0 && a_lease_has_passed(l) -> L.kept = 0
     }
  :: d_step { can_crash(l) -> forget(l) }
  :: d_step { /* src: Operator::is_over. Superseded by one that is no more, it ends and is elected. */
       mode[l] == Leading && (is_superseded(0) || is_superseded(1)) && holder == l && all_know ->
       forget(l);
       claim(l)
     }
#ifndef LATE_FOR_EVER
  :: d_step { holder == l && !all_know -> /* env: and so the one before can do nothing any more */
       all_know = true;
       if
       :: l == 0 -> forget(1)
       :: else -> forget(0)
       fi
     }
#endif
  od
}

/* When nothing can happen any more: charges are exact and no workload is forgotten. */
proctype Quiet() {
  do
  :: d_step { !calm && elections == TERMS && mode[holder] == Leading && all_know -> calm = true }
  :: timeout -> break
  od;
  assert(used[0] == placed && used[1] == placed);
  assert((placed == LIMIT) || (stage[0] != WAITS && stage[1] != WAITS && stage[2] != WAITS))
}

init {
  d_step {
    mode[0] = Leading;
    mode[1] = Dead;
    leader[0].epoch = 1;
    leader[0].epoch_seen[0] = 1; leader[0].is_newest[0] = true;
    leader[0].epoch_seen[1] = 1; leader[0].is_newest[1] = true
  }
  atomic {
    run Term(0); run Term(1);
    run Quota(0, 0); run Quota(0, 1); run Quota(1, 0); run Quota(1, 1);
    run GpuJob(0, 0); run GpuJob(0, 1); run GpuJob(0, 2);
    run GpuJob(1, 0); run GpuJob(1, 1); run GpuJob(1, 2);
    run Quiet()
  }
}
