// Package patterns holds ready combinations of coord and signals. Each is small: most of what
// the names promise is a setting of the one scheduler.
//
//	Breaker       stops calls to something that keeps failing
//	Guarded       puts one before the work of a coordinator
//	Rate          limits how many calls start per unit of time
//	AdaptiveRate  slows a Rate down when told to, and speeds it up again
//	AIMD          finds a good number of calls at once
//	Scale         moves a limit when signals ask for it
//	Backpressure  makes a condition hold while there is too much of something
//	Watch         reports each kind of event at most once in a while
//	Detector      flags unusual numbers of events
//	Quorum        waits until enough parties have reported that they are ready
//	Pipeline      passes values through stages, and loses none
//	Batch         hands over values together, by number or after a time
//	Writer        runs functions one at a time over a resource
//	Cache         keeps values for a time that grows with use
//
// Many patterns need no type of their own; they are shown here as examples. Settings of a
// coordinator: controlledFanOut, keyedPriorityFanOut, coordinatedReads, signalAware, volatile,
// schedule. Work in steps: molecule, reactions, waves, failOver, contributors, earlyExit. Steering:
// commands. Remembering and reporting: longWindow, persistentWindow, echo, responsibility,
// reputation, logBridge, telemetry.
//
// Whatever accepts work is ended as a coordinator is, by the same names: Drain ends intake and waits
// for what was accepted; Shutdown does the same and, when its time is up, drops and cancels the rest;
// Cancel does that at once, and does not wait.
//
// Whatever starts listening to signals returns a function named stop, which ends it. As in package
// signals, stop may be called from anywhere and more than once, and does not wait. All methods of
// the package are safe for concurrent use.
//
// The package imports the standard library, coord and signals. HTTP is in patterns/httpsignals, so
// that a program without it does not link net/http. OpenTelemetry is in patterns/otelsignals and
// SQLite in patterns/sqlitewindow, which are separate modules: a program that imports neither
// downloads neither.
//
// The ideas come from the .NET library Mostlylucid.Ephemeral; what each pattern promises is stated,
// and tested, here.
package patterns
