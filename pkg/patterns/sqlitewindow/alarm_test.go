package sqlitewindow

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAlarm rings after every 30 s, or at once when there is much, and not more often than that
// while it fails.
func TestAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex // guards what follows
		var rings []time.Duration
		var err error
		var a *alarm
		a = newAlarm(10*time.Second, 3, func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			rings = append(rings, time.Since(began))
			a.flushing()
			return err
		})
		fail := func(with error) {
			mu.Lock()
			defer mu.Unlock()
			err = with
		}
		want := func(what string, all ...time.Duration) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(rings, all) {
				t.Errorf("%s: rang at %v, want %v", what, rings, all)
			}
			rings, began = nil, time.Now()
		}
		time.Sleep(time.Hour)
		want("nothing was raised")
		a.raised(1)
		time.Sleep(time.Second)
		a.raised(1)
		time.Sleep(time.Hour)
		want("from the first", 10*time.Second)
		a.raised(1)
		time.Sleep(2 * time.Second)
		a.raised(2)
		time.Sleep(time.Hour)
		want("three are much", 2*time.Second)
		fail(errors.New("stalled"))
		a.raised(1)
		time.Sleep(11 * time.Second)
		a.raised(100)
		time.Sleep(10 * time.Second)
		fail(nil)
		time.Sleep(time.Hour)
		want("it fails", 10*time.Second, 20*time.Second, 30*time.Second)
		a.raised(1)
		a.end()
		a.raised(5)
		time.Sleep(time.Hour)
		want("it has ended")
	})
}

// TestAlarmEnds ends an alarm while it rings: what it calls is cancelled and waited for.
func TestAlarmEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		returned := false
		a := newAlarm(time.Second, 1, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Minute)
			returned = true
			return ctx.Err()
		})
		a.raised(1)
		synctest.Wait()
		a.end()
		if !returned {
			t.Error("end did not wait for the call")
		}
	})
}
