/* A foreign group of two pods under two leaders: planned together, then let go one by one.
 *
 * Each pod is gated, then carries the plan, then is pinned and ungated; a plan can be taken back.
 * Its owner may delete a pod and make another in its place, with another UID. The charge is written
 * as in ledger.pml and is not in here: `granted` is one whose charge is.
 * After "src" stands who does the step in C++. */

#include "server.pml"

#define PODS 2
#define UIDS 2  /* of one name, at most */
#define PLANS 3 /* writes of the plan on one name, at most: bounds strip and plan in turns */

#define GATED 0
#define PLANNED 1
#define LET_GO 2

/* Stored. */
byte state[PODS];
byte uid[PODS];
byte writes[PODS];    /* plans written so far; with state and uid it is the resourceVersion */
bool node_gone;

typedef Leader {
  byte state[PODS];
  byte uid[PODS];
  byte writes[PODS];
  bool granted[PODS]; /* planned in the books, and charged */
  bool mine[PODS];    /* it has written the plan */
  bool strips[PODS];  /* it has decided to take the plan back, and that is on its way */
  bool in_doubt[PODS]; /* it has written and has not seen it */
  bool settled;       /* nobody before it has done what it has not seen */
};
Leader leader[LEADERS];
#define L leader[l]

#define is_newest(n) \
  (L.state[n] == state[n] && L.uid[n] == uid[n] && L.writes[n] == writes[n])
#define other (1 - n)

/* Half a group: one of its pods runs, and the other is one that nobody has planned and that was not
 * made since. */
inline check() {
  assert(state[0] != LET_GO || state[1] != GATED || uid[1] > 0);
  assert(state[1] != LET_GO || state[0] != GATED || uid[0] > 0)
}

inline see(l, n) {
  if
  :: L.uid[n] != uid[n] || state[n] != GATED -> L.granted[n] = false /* src: Books::on_pod */
  :: else
  fi;
  L.mine[n] = L.mine[n] && L.uid[n] == uid[n];
  L.strips[n] = false;
  L.in_doubt[n] = false;
  L.state[n] = state[n];
  L.uid[n] = uid[n];
  L.writes[n] = writes[n]
}

inline forget(l) {
  mode[l] = Dead;
  L.settled = false;
  L.mine[0] = false; L.strips[0] = false; L.in_doubt[0] = false;
  L.mine[1] = false; L.strips[1] = false; L.in_doubt[1] = false;
  L.state[0] = GATED; L.uid[0] = 0; L.writes[0] = 0; L.granted[0] = false;
  L.state[1] = GATED; L.uid[1] = 0; L.writes[1] = 0; L.granted[1] = false
}

#ifdef VERSION_IGNORED
#define is_right(n) (L.uid[n] == uid[n])
#elif defined(UID_IGNORED)
#define is_right(n) true
#else
#define is_right(n) is_newest(n) /* src: tests, plan_patch */
#endif

/* src: ForeignPodController::repeat_unanswered */
#define is_open (L.in_doubt[0] || L.in_doubt[1])
#define any_under_way (is_open || L.strips[0] || L.strips[1])

/* Nobody else takes a plan back: it is over, it has not led since this one was written, or it must
 * not, since the other was let go. */
#define is_safe (L.settled || (L.mine[0] && L.mine[1]) || L.state[other] == LET_GO)

#ifdef UNGATED_BEFORE_ALL_ARE_PLANNED
#define may_let_go(n) (L.state[n] == PLANNED)
#elif defined(UNGATED_BEFORE_PLANNED)
#define may_let_go(n) (L.state[n] == GATED && L.granted[n])
#elif defined(UNGATED_ON_AN_OLD_VIEW)
#define may_let_go(n) (L.state[n] == PLANNED && L.state[other] != GATED && !any_under_way)
#elif defined(UNGATED_IN_DOUBT)
#define may_let_go(n) (L.state[n] == PLANNED && L.state[other] != GATED && is_safe)
#else /* src: gather, decide */
#define may_let_go(n) \
  (L.state[n] == PLANNED && L.state[other] != GATED && !any_under_way && is_safe)
#endif

/* src: must_give_up. */
#ifdef STRIPPED_AFTER_ONE_WAS_LET_GO
#define gives_up(n) true
#elif defined(STRIPPED_ON_AN_OLD_VIEW)
#define gives_up(n) (L.state[other] != LET_GO && !is_open)
#elif defined(STRIPPED_IN_DOUBT)
#define gives_up(n) (L.state[other] != LET_GO && L.settled && holder == l)
#else
#define gives_up(n) (L.state[other] != LET_GO && !is_open && L.settled && holder == l)
#endif

proctype Pod(byte l; byte n) {
end:
  do
  :: d_step { mode[l] == Leading && !is_newest(n) -> see(l, n) } /* src: Store::upsert */
  :: d_step { /* src: ForeignDesk::admitted, Books::plan. All that wait are planned together. */
       mode[l] == Leading && !node_gone && n == 0 && (L.state[0] == GATED || L.state[1] == GATED) &&
       (L.state[0] != GATED || !L.granted[0]) && (L.state[1] != GATED || !L.granted[1]) ->
       L.granted[0] = (L.state[0] == GATED);
       L.granted[1] = (L.state[1] == GATED)
     }
  :: d_step { /* src: ForeignPodController::reconcile, ForeignDesk::granted, plan_patch */
       mode[l] == Leading && L.state[n] == GATED && L.granted[n] && state[n] == GATED &&
       is_right(n) && writes[n] < PLANS && not_fenced(l) ->
       state[n] = PLANNED;
       writes[n]++;
       L.mine[n] = true;
       check()
     }
  :: d_step { /* src: ForeignPodController::patch, let_go_patch */
       mode[l] == Leading && may_let_go(n) && state[n] != LET_GO && is_right(n) && not_fenced(l) ->
       assert(uid[n] == L.uid[n]);
       assert(state[n] == PLANNED);
       state[n] = LET_GO;
       L.in_doubt[n] = true;
       check()
     }
  :: d_step { /* src: must_give_up */
       mode[l] == Leading && node_gone && L.state[n] == PLANNED && gives_up(n) && !L.strips[n] ->
       L.strips[n] = true
     }
  :: d_step { /* src: strip_patch */
       mode[l] == Leading && L.strips[n] && state[n] == PLANNED && is_right(n) && not_fenced(l) ->
       state[n] = GATED;
       L.in_doubt[n] = true; /* and done again, until it has seen it */
       check()
     }
  od
}

/* The owner of a pod, and the node that it was planned on. */
proctype World(byte n) {
end:
  do
  :: d_step { uid[n] < UIDS - 1 && !calm -> uid[n]++; state[n] = GATED; writes[n] = 0 }
  :: d_step { n == 0 && !node_gone && !calm -> node_gone = true }
  :: d_step { n == 0 && node_gone -> node_gone = false }
  od
}

proctype Term(byte l) {
end:
  do
  :: d_step { /* src: Operator::advance */
       can_be_elected(l) -> elect(l); mode[l] = Leading; see(l, 0); see(l, 1)
     }
  :: d_step { /* env: a lease for writes of the leader before, another for what is seen of them */
       mode[l] == Leading && holder == l && all_know && !L.settled && is_newest(0) && is_newest(1) ->
       L.settled = true
     }
  :: d_step { can_crash(l) -> forget(l) }
  :: d_step { holder == l && !all_know -> /* env: and so the one before can do nothing any more */
       all_know = true;
       if
       :: l == 0 -> forget(1)
       :: else -> forget(0)
       fi
     }
  od
}

/* When nothing can happen any more, the whole group runs. */
proctype Quiet() {
  do
  :: d_step { !calm && elections == TERMS && mode[holder] == Leading && all_know -> calm = true }
  :: timeout -> break
  od;
  assert((state[0] == LET_GO && state[1] == LET_GO) || writes[0] == PLANS || writes[1] == PLANS)
}

init {
  atomic {
    mode[0] = Leading;
    mode[1] = Dead;
    run Term(0); run Term(1);
    run Pod(0, 0); run Pod(0, 1); run Pod(1, 0); run Pod(1, 1);
    run World(0); run World(1);
    run Quiet()
  }
}
