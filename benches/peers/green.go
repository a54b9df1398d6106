// What `benches green` does, by goroutines on one thread: `green yields N`, `green sleepers N`.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const yielders = 100

func main() {
	runtime.GOMAXPROCS(1)
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	many, work := count, func() { time.Sleep(time.Second) }
	if os.Args[1] == "yields" {
		many, work = yielders, func() {
			for i := 0; i < count/yielders; i++ {
				runtime.Gosched()
			}
		}
	}
	var all sync.WaitGroup
	for i := 0; i < many; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			work()
		}()
	}
	all.Wait()
	fmt.Println(many, "ended")
}
