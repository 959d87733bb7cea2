"""What every benchmark needs: fresh processes, interleaved times, tables, facts of the machine."""
