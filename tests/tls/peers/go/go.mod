module sts.test/peer

go 1.21
