/* Two attempts of one worker under two leaders: its pods, their names and UIDs, and who may run.
 *
 * The charge is not in here: see ledger.pml. The stage of the workload only grows and is its
 * resourceVersion; stage / 3 is the attempt. The second attempt may be of another workload of the
 * same name, made after the first was deleted: then its pod has the name of the first one's.
 * After "src" stands who does the step in C++. */

#include "server.pml"

#define attempt(s) (s / 3)
#define is_waiting(s) (s % 3 == 0)
#define is_placed(s) (s % 3 == 1)
#define is_ending(s) (s % 3 == 2)
#define LAST 6 /* both attempts are over */
#define NAMES 2
#define PODS 3 /* made under one name, at most */

/* Stored. */
byte stage;
bool same_name;      /* both attempts' pods are called the same */
byte phase[NAMES];   /* of the pod of that name: 0 is none, 1 made, 2 bound */
byte made_for[NAMES];      /* its attempt */
byte uid[NAMES];

typedef Leader {
  byte stage;
  bool is_there[NAMES]; /* a live pod */
  byte uid[NAMES];
  byte made_for[NAMES];
};
Leader leader[LEADERS];
#define L leader[l]

#define name_of(a) (same_name -> 0 : a)
#define may_run(a) (!is_waiting(stage) && attempt(stage) == a)

/* After every step that stores something. */
inline check() {
  assert(phase[0] != 2 || may_run(made_for[0])); /* who runs has a placement, of its own attempt */
  assert(phase[1] != 2 || may_run(made_for[1]));
  assert(phase[0] != 2 || phase[1] != 2)   /* one worker, one pod */
}

inline see_pod(l, n) {
  L.is_there[n] = (phase[n] != 0);
  L.uid[n] = uid[n];
  L.made_for[n] = made_for[n]
}

inline forget(l) {
  mode[l] = Dead;
  L.stage = 0;
  L.is_there[0] = false; L.uid[0] = 0; L.made_for[0] = 0;
  L.is_there[1] = false; L.uid[1] = 0; L.made_for[1] = 0
}

#ifdef PODS_BEFORE_PLACEMENT
#define may_make(l) (L.stage < LAST && !is_ending(L.stage))
#else
#define may_make(l) is_placed(L.stage)
#endif

#ifdef UID_IGNORED
#define is_meant(l, n) true
#else
#define is_meant(l, n) (uid[n] == L.uid[n]) /* src: GpuJobController::delete_pods */
#endif

/* What must go: all of an attempt that ended, and what is left of earlier ones. */
#define must_go(l, n) (!is_placed(L.stage) || L.made_for[n] != attempt(L.stage))

/* One name of a pod, as one leader sees to it. */
proctype PodOf(byte l; byte n) {
end:
  do
  :: d_step { /* src: Store::upsert */
       mode[l] == Leading &&
       (L.is_there[n] != (phase[n] != 0) || L.uid[n] != uid[n]) ->
       see_pod(l, n)
     }
  :: d_step { /* src: GpuJobController::create_workers */
       mode[l] == Leading && may_make(l) && n == name_of(attempt(L.stage)) && !L.is_there[n] &&
       phase[n] == 0 && uid[n] < PODS && not_fenced(l) ->
       assert(stage > 3 * attempt(L.stage)); /* made for a placement that was stored */
       phase[n] = 1;
       uid[n]++;
       made_for[n] = attempt(L.stage);
       check()
     }
  :: d_step { /* src: delete_live_pods, delete_old_pods, GpuJobController::delete_pods */
       mode[l] == Leading && L.is_there[n] && must_go(l, n) && phase[n] != 0 && is_meant(l, n) &&
       not_fenced(l) ->
       assert(uid[n] == L.uid[n]); /* nobody deletes a pod that it has not seen */
       phase[n] = 0;
       check()
     }
  od
}

#ifdef PLACEMENT_CLEARED_BEFORE_PODS_ARE_GONE
#define none_lives(l) true
#elif defined(RELEASED_ON_AN_OLD_VIEW)
#define none_lives(l) (!L.is_there[0] && !L.is_there[1])
#else /* src: any_live */
#define none_lives(l) (!L.is_there[0] && !L.is_there[1] && phase[0] == 0 && phase[1] == 0)
#endif

/* The workload, as one leader sees to it. */
proctype GpuJob(byte l) {
end:
  do
  :: d_step { mode[l] == Leading && L.stage != stage -> L.stage = stage } /* src: Store::upsert */
  :: d_step { /* src: GpuJobController::write_status, JobDesk::granted */
       mode[l] == Leading && is_waiting(L.stage) && L.stage == stage && stage < LAST &&
       !L.is_there[0] && !L.is_there[1] && not_fenced(l) ->
       stage++;
       check()
     }
  :: d_step { /* src: end_attempt */
       mode[l] == Leading && is_placed(L.stage) && L.stage == stage && not_fenced(l) ->
#ifdef ATTEMPT_BESIDE_THE_LAST
       stage = (stage + 3 > LAST -> LAST : stage + 3);
#else
       stage++;
#endif
       check()
     }
  :: d_step { /* src: finish_release */
       mode[l] == Leading && is_ending(L.stage) && L.stage == stage && none_lives(l) &&
       not_fenced(l) ->
       stage++;
       check()
     }
  od
}

#ifdef BIND_UNCHECKED
#define is_assigned(n) true
#else
#define is_assigned(n) may_run(made_for[n]) /* src: assigned_to */
#endif

/* kube-scheduler with the extender, and whoever takes a pod away. */
proctype World(byte n) {
end:
  do
  :: d_step { phase[n] == 1 && is_assigned(n) -> phase[n] = 2; check() } /* src: Binder::check */
  :: d_step { phase[n] != 0 && uid[n] < PODS && !calm -> phase[n] = 0; check() }
  od
}

proctype Term(byte l) {
end:
  do
  :: d_step { /* src: Operator::advance */
       can_be_elected(l) ->
       elect(l);
       mode[l] = Leading;
       L.stage = stage;
       see_pod(l, 0);
       see_pod(l, 1)
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

/* When nothing can happen any more: both attempts are over and nothing is left of them. */
proctype Quiet() {
  timeout;
  assert(stage == LAST && phase[0] == 0 && phase[1] == 0)
}

init {
  if
  :: same_name = true
  :: skip
  fi;
  atomic {
    mode[0] = Leading;
    mode[1] = Dead;
    run Term(0); run Term(1);
    run GpuJob(0); run GpuJob(1);
    run PodOf(0, 0); run PodOf(0, 1); run PodOf(1, 0); run PodOf(1, 1);
    run World(0); run World(1);
    run Quiet()
  }
}
